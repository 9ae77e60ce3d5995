/** Shapes say the same as colours, for those who do not see these. All are decoration beside words. */

interface ShapeProps {
  readonly className?: string | undefined;
}

function shape(path: string, isHollow = false) {
  return function Shape({ className = 'size-3' }: ShapeProps) {
    const paint = isHollow
      ? { fill: 'none', stroke: 'currentColor', strokeWidth: 2 }
      : { fill: 'currentColor' };
    return (
      <svg aria-hidden viewBox="0 0 12 12" className={`inline-block shrink-0 ${className}`}>
        <path d={path} {...paint} />
      </svg>
    );
  };
}

/** Danger: halted, kill, an error. */
export const Octagon = shape('M3.6.2h4.8l3.4 3.4v4.8l-3.4 3.4H3.6L.2 8.4V3.6zM3 4.8v2.4h6V4.8z');
/** Attention. */
export const Triangle = shape('M6 .6 11.8 11.2H.2zM5.2 4.4v3.4h1.6V4.4zm0 4.2v1.6h1.6V8.6z');
/** All is well. */
export const Ring = shape('M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z', true);
/** Runs. */
export const Play = shape('M1.5 1v10l9.5-5z');
/** Waits. */
export const Bars = shape('M2 1h3v10H2zM7 1h3v10H7z');
/** Long. */
export const Up = shape('M6 1.5 11 10.5H1z');
/** Short. */
export const Down = shape('M6 10.5 1 1.5h10z');
/** Rejected. */
export const Square = shape('M1.5 1.5h9v9h-9z');
