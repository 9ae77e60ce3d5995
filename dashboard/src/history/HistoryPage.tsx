/** The results of past sessions. */
export function HistoryPage() {
  return <main aria-label="History" className="h-full overflow-auto p-3" />;
}
