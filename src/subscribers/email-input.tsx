/**
 * The field for an address, as phones and password managers like it: no capitals, no corrections, left to right in every language.
 * With an `error` it points to the element `<id>-error`, which says what is wrong.
 */
export function EmailInput({ id, value, error }: { id: string; value: string; error?: string | undefined }) {
  return (
    <input
      id={id}
      name="email"
      type="email"
      required
      autocomplete="email"
      inputmode="email"
      autocapitalize="none"
      spellcheck={false}
      maxlength={254}
      dir="ltr"
      value={value}
      {...(error ? { 'aria-invalid': 'true', 'aria-describedby': `${id}-error` } : {})}
    />
  );
}
