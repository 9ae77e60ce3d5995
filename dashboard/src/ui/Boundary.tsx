import { Component, type ReactNode } from 'react';

import { Button } from './Button';
import { Note } from './Note';

interface BoundaryProps {
  readonly children: ReactNode;
}

interface BoundaryState {
  readonly error: Error | undefined;
}

/** Keeps what fails while it is drawn to itself: around it everything works on, above all the kill switch. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: undefined };

  static getDerivedStateFromError(error: Error): BoundaryState {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Note className="h-full">
        <p role="alert">This part of the page cannot be shown. Everything around it works.</p>
        <p className="text-text-3">{error.message}</p>
        <Button size="row" className="mt-2" onClick={() => this.setState({ error: undefined })}>
          Try again
        </Button>
      </Note>
    );
  }
}
