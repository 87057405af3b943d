import { defineConfig } from "vite";

// Relative addresses: the page works at /live/ and behind any proxy prefix.
export default defineConfig({
  base: "./",
  build: {
    outDir: process.env.CERRO_WEB_OUT || "dist",
    emptyOutDir: true,
    target: "es2021",
    assetsInlineLimit: 0,
  },
});
