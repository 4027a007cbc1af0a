import { spawn } from "node:child_process";
import { join } from "node:path";
import { shellEnvironment } from "../operate/shell-config.ts";

/** How a tool ended. `exitCode` is `null` when it was killed at its time limit. */
export interface ToolResult {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Far above what any tool needs here (the whole run has 90 s); it only keeps a hanging tool from hanging the run. */
const TOOL_TIMEOUT_MS = 180_000;

/** Runs a program of the workspace's own `node_modules/.bin` and collects both its outputs in the order they came. */
export function runTool(root: string, program: string, args: readonly string[]): Promise<ToolResult> {
  return runProgram(root, join(root, "node_modules/.bin", program), args);
}

export function runProgram(folder: string, program: string, args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...shellEnvironment(), FORCE_COLOR: "0", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TOOL_TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

/** A tool's own words as findings, for tools that print one problem per line. */
export function findingsOf(result: ToolResult, tool: string): string[] {
  if (result.exitCode === 0) return [];
  const lines = result.output.split("\n").filter((line) => line.trim() !== "");
  const ending = result.exitCode === null ? "was stopped at its time limit" : `ended with ${result.exitCode}`;
  return lines.length > 0 ? lines : [`${tool} ${ending} and said nothing`];
}
