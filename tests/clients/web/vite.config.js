import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The API, under the front end's own origin.
const proxy = { '/api': { target: process.env.API_URL } };

export default defineConfig({ plugins: [react()], server: { proxy }, preview: { proxy } });
