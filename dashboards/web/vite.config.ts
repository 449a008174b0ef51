import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const packages = join(import.meta.dirname, "node_modules");

/** Puts Swagger UI's files beside our own page in api-docs/, so that it needs no internet. */
function apiDocs(): Plugin {
  return {
    name: "api-docs",
    apply: "build",
    generateBundle() {
      const files = ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt"];
      for (const file of files) {
        const source = readFileSync(join(packages, "swagger-ui-dist", file));
        this.emitFile({ type: "asset", fileName: `api-docs/${file}`, source });
      }
    },
  };
}

/** What is built contains these packages; their licences ask that their texts go along. */
function licences(names: readonly string[]): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const texts = names.map((name) => {
        const folder = join(packages, name);
        const version = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
        const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
        if (files.length === 0) throw new Error(`${name} brings no licence file`);
        const words = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
        return `${name} ${version}\n\n${words.join("\n\n")}\n`;
      });
      this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join("\n---\n\n") });
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [
    apiDocs(),
    licences(["preact", "@preact/signals", "@preact/signals-core", "uplot", "swagger-ui-dist"]),
  ],
  build: {
    target: ["chrome109", "firefox115", "safari16.4"], // control rooms keep old machines
    modulePreload: false, // its polyfill is not needed by these
    assetsInlineLimit: 0, // no data: addresses, which the Content-Security-Policy would refuse
    reportCompressedSize: false,
    chunkSizeWarningLimit: 200,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      // The development server shows pages; the mock or a real service behind it has the values.
      "/api": { target: process.env["ANODEWATCH_URL"] ?? "http://127.0.0.1:8099", ws: true },
      "/openapi.json": process.env["ANODEWATCH_URL"] ?? "http://127.0.0.1:8099",
    },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
