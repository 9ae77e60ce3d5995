import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';

// While one develops, the page comes from here and the API from a daemon that runs already.
const daemon = process.env.ORB_DAEMON ?? 'http://127.0.0.1:7070';

export default defineConfig({
  plugins: [tailwindcss()],
  esbuild: { jsx: 'automatic' },
  build: {
    // The folder above it is in the repository, so that cargo has something to watch.
    outDir: 'dist/site',
    emptyOutDir: true,
    target: 'es2022',
    // Nothing is inlined: the page's policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    // The daemon answers its own pages alone, so here its own origin stands for ours.
    proxy: { '^/orb\\.v1\\.': { target: daemon, changeOrigin: true, headers: { origin: daemon } } },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    // A busy machine is no reason to fail.
    testTimeout: 30_000,
  },
});
