import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "../src/mien/server/static",
    emptyOutDir: true,
    target: "es2023",
    // The server's content security policy allows no inline script.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      "/api": { target: server, ws: true },
      "/readyz": server,
      "/docs": server,
    },
  },
  // The tests are of pure logic: they share nothing that one could spoil for another.
  test: { include: ["tests/**/*.test.ts"], isolate: false },
});
