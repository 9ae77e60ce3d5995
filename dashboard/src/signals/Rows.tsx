import type { ReactNode } from 'react';

interface SectionProps {
  readonly title: string;
  /** Stands beside the title. */
  readonly note?: string;
  readonly children: ReactNode;
}

/** A part of a panel with its heading. */
export function Section({ title, note, children }: SectionProps) {
  return (
    <section className="border-t border-line px-3 py-2">
      <h3 className="mb-1 text-label text-text-2">
        {title}
        {note !== undefined && <span className="font-normal text-text-3">{` · ${note}`}</span>}
      </h3>
      {children}
    </section>
  );
}

/** A name and its value; an absent value is a dash already. */
export type Row = readonly [name: string, value: ReactNode];

/** Names and values in two columns. */
export function Rows({ rows }: { readonly rows: readonly Row[] }) {
  return (
    <dl className="grid grid-cols-[repeat(auto-fill,minmax(190px,1fr))] gap-x-6">
      {rows.map(([name, value]) => (
        <div key={name} className="flex min-h-6 items-baseline justify-between gap-3">
          <dt className="text-text-2">{name}</dt>
          <dd className="text-right">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
