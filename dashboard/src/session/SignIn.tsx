import { useState } from 'react';

import { Button, Field, Octagon } from '../ui';
import { isTokenLike } from '../wire/transport';
import { signIn, type Out } from './session';

const WHY: Record<Out, string> = {
  new: '',
  ended: 'The daemon does not know this token any more, or it has ended. Ask for another one.',
  'signed-out': 'You are signed out.',
};

/** Asks for the token. */
export function SignIn({ why }: { readonly why: Out }) {
  const [token, setToken] = useState('');
  const [isBad, setBad] = useState(false);
  const enter = (event: React.SyntheticEvent) => {
    event.preventDefault();
    const text = token.trim();
    if (isTokenLike(text)) signIn(text);
    else setBad(true);
  };
  return (
    <main className="flex h-full items-center justify-center overflow-auto p-4">
      <form
        onSubmit={enter}
        className="flex w-[min(420px,100%)] flex-col gap-4 rounded-card border border-line bg-surface p-6"
      >
        <h1 className="text-figure">orb</h1>
        {WHY[why] !== '' && <p role="status">{WHY[why]}</p>}
        <Field
          label="Token"
          type="password"
          value={token}
          aria-invalid={isBad}
          onChange={(event) => {
            setToken(event.target.value);
            setBad(false);
          }}
        />
        {isBad && (
          <p role="alert" className="text-danger">
            <Octagon /> A token is one word of letters, digits and signs, without spaces.
          </p>
        )}
        <Button type="submit" kind="plain">
          Sign in
        </Button>
        <p className="text-text-2">
          The daemon writes its own token to the file <code className="font-mono">token</code> in its data
          folder when it starts; <code className="font-mono">orbd token</code> makes others. It stays in this
          browser’s tabs until they are closed.
        </p>
      </form>
    </main>
  );
}
