import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dockerAnswers } from "./docker.ts";

export type Mode = "docker" | "standalone";
const MODE_FILE = ".data/mode";

/** The shape to use: `MODE` decides, else Docker where an engine answers, else standalone. */
export function chooseMode(): { mode: Mode; why: string } {
  const wanted = process.env.MODE;
  if (wanted === "docker" || wanted === "standalone") return { mode: wanted, why: `MODE=${wanted}` };
  if (wanted !== undefined && wanted !== "") {
    console.error(`MODE must be docker or standalone, not "${wanted}".`);
    process.exit(2);
  }
  return dockerAnswers()
    ? { mode: "docker", why: "a Docker Engine answers" }
    : { mode: "standalone", why: "no Docker Engine answers" };
}

/** The shape that `make up` used last, for `down` and `logs`. */
export function rememberedMode(): Mode {
  if (!existsSync(MODE_FILE)) return chooseMode().mode;
  return readFileSync(MODE_FILE, "utf8").trim() === "standalone" ? "standalone" : "docker";
}

/** Keeps the shape for the commands that follow. */
export function rememberMode(mode: Mode): void {
  mkdirSync(".data", { recursive: true });
  writeFileSync(MODE_FILE, `${mode}\n`);
}
