/** How often a part of the page is asked for while the daemon is away, and the wait between. */
const TRIES = 30;
const WAIT_MS = 2000;

/** Loads a part of the page, again and again for a minute: the daemon may be starting anew just then. */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await load();
    } catch (error) {
      if (left <= 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}
