/** The head of a page: its name and what can be done with the whole of it. */
import type { ComponentChildren } from 'preact';

export function Heading({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <header class="heading">
      <h1>{title}</h1>
      <div class="heading-acts">{children}</div>
    </header>
  );
}
