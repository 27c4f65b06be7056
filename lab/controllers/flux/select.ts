/** Do the labels hold every wanted pair? */
export function selectsAll(wanted: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(wanted).every(([key, value]) => labels?.[key] === value);
}
