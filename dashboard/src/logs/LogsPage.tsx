/** What orb says about itself. */
export function LogsPage() {
  return <main aria-label="Logs" className="h-full overflow-auto p-3" />;
}
