/** What is open and how the day goes. */
export function LivePage() {
  return <main aria-label="Live" className="h-full overflow-auto p-3" />;
}
