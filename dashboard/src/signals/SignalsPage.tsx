/** What was decided and what became of it. */
export function SignalsPage() {
  return <main aria-label="Signals" className="h-full overflow-auto p-3" />;
}
