import { Component, type ReactNode } from 'react';

import { Button, Note } from '../ui';

interface Props {
  readonly children: ReactNode;
}

interface State {
  readonly error: Error | undefined;
}

/** Keeps a fault of a page within it: the frame with Kill stays. */
export class PageBoundary extends Component<Props, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(thrown: unknown): State {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="flex h-full">
        <Note>
          <p role="alert">This page has failed; everything around it works.</p>
          <p className="text-text-3">{error.message}</p>
          <Button size="row" className="mt-2" onClick={() => this.setState({ error: undefined })}>
            Draw it again
          </Button>
        </Note>
      </div>
    );
  }
}
