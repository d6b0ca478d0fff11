/** Let the browser keep what was made in this page under a name. */
export function download(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun to read it by the time it comes back to this.
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
