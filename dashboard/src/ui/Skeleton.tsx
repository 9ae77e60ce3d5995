import { classes } from './classes';

/** Stands, in the final size, for what is awaited; it is seen only when the wait is longer than 150 ms. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <span aria-hidden className={classes('skeleton inline-block rounded bg-track', className)} />;
}
