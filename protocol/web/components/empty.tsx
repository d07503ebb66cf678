/** What stands where a list would be: why it is empty and what to do about it. */
export function Empty({ text, hint }: { readonly text: string; readonly hint?: string | undefined }) {
  return (
    <div class="empty">
      <p class="empty-text">{text}</p>
      {hint !== undefined && <p class="empty-hint">{hint}</p>}
    </div>
  );
}
