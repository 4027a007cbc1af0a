import { posix } from "node:path";
import type { Node } from "oxc-parser";
import type { CheckReport } from "./check-report.ts";
import { isTest, isTypeScript, type Repository } from "./repository.ts";
import { isFunction, placeOf, type SourceFile, visit } from "./source-file.ts";

/** A bracket in a pattern keeps this file from finding itself. */
const MACHINE_WORDS = /\/wor[k]\/|\/far[m]\/|subagen[t]/i;
const SWITCHED_OFF = /@ts-(ignore|nocheck)|biome-ignor[e]|eslint-disabl[e]/;
const FILE_BYTES_MAX = 500_000;

/** Functions, and files named after them, whose work is to turn unknown input into a type: only they may cast. */
const PARSERS = /^(parse|decode|read)([A-Z-]|$)/;

/** Swallowed errors, tests switched off, casts, checks switched off, and traces of one machine. */
export function checkHabits(repository: Repository): CheckReport {
  const typescript = repository.files.filter(isTypeScript);
  return {
    findings: [
      ...typescript.flatMap((path) => listSwallowedErrors(repository.source(path))),
      ...typescript.flatMap((path) => listSwitchedOffTests(repository.source(path))),
      ...typescript.flatMap((path) => listSwitchedOffChecks(repository.source(path))),
      ...typescript.filter((path) => !isTest(path)).flatMap((path) => listCasts(repository.source(path))),
      ...repository.files.flatMap((path) => listMachineTraces(path, repository.read(path))),
    ],
  };
}

function listSwallowedErrors(source: SourceFile): string[] {
  const findings: string[] = [];
  visit(source, {
    CatchClause(node) {
      if (node.body.body.length === 0) findings.push(`${placeOf(source, node)} swallows an error (empty catch)`);
    },
    CallExpression(node) {
      if (node.callee.type !== "MemberExpression" || node.callee.property.type !== "Identifier") return;
      const method = node.callee.property.name;
      const [first, second] = node.arguments;
      // `.then(step, () => undefined)` names both ways on; `.then(undefined, () => {})` is a catch in disguise.
      const disguised = method === "then" && first !== undefined && isNothing(first);
      const handler = method === "catch" ? first : disguised ? second : undefined;
      if (handler === undefined || !returnsNothing(handler)) return;
      findings.push(`${placeOf(source, node.callee.property)} swallows an error (.${method} with an empty handler)`);
    },
  });
  return findings;
}

/** `() => {}`, `() => undefined`, `() => null`, `function () {}`. */
function returnsNothing(handler: Node): boolean {
  if (!isFunction(handler) || handler.body === null) return false;
  const { body } = handler;
  if (body.type === "BlockStatement") return body.body.length === 0;
  return isNothing(body);
}

function isNothing(node: Node): boolean {
  return (node.type === "Identifier" && node.name === "undefined") || (node.type === "Literal" && node.value === null);
}

function listSwitchedOffTests(source: SourceFile): string[] {
  const findings: string[] = [];
  visit(source, {
    MemberExpression({ object, property }) {
      if (object.type !== "Identifier" || !/^(it|test|describe)$/.test(object.name)) return;
      if (property.type !== "Identifier" || !/^(skip|only|todo)$/.test(property.name)) return;
      findings.push(`${placeOf(source, property)} switches tests off (${object.name}.${property.name})`);
    },
  });
  return findings;
}

function listSwitchedOffChecks(source: SourceFile): string[] {
  return source.comments
    .filter(({ value }) => SWITCHED_OFF.test(value) || (!isTest(source.path) && value.includes("@ts-expect-error")))
    .map((comment) => `${placeOf(source, comment)} switches a check off (${comment.value.trim()})`);
}

/** Casts outside parsers. `as const` states what is there and is no cast. */
function listCasts(source: SourceFile): string[] {
  const findings = new Set<string>();
  // Names of the functions around the node that is visited; the file's own name counts as the outermost.
  const inside: string[] = [posix.basename(source.path)];
  const add = (node: Node): void => {
    if (!inside.some((name) => PARSERS.test(name))) findings.add(`${placeOf(source, node)} casts outside a parser`);
  };
  const enter = (key: Node | null, value: Node | null): void => {
    if (value !== null && /Function/.test(value.type)) inside.push(key?.type === "Identifier" ? key.name : "");
  };
  const leave = (value: Node | null): void => {
    if (value !== null && /Function/.test(value.type)) inside.pop();
  };
  visit(source, {
    FunctionDeclaration: (node) => enter(node.id, node),
    "FunctionDeclaration:exit": (node) => leave(node),
    VariableDeclarator: (node) => enter(node.id, node.init),
    "VariableDeclarator:exit": (node) => leave(node.init),
    Property: (node) => enter(node.key, node.value),
    "Property:exit": (node) => leave(node.value),
    MethodDefinition: (node) => enter(node.key, node.value),
    "MethodDefinition:exit": (node) => leave(node.value),
    TSAsExpression: (node) => !isConstAssertion(node.typeAnnotation) && add(node),
    TSTypeAssertion: (node) => add(node),
  });
  return [...findings];
}

function isConstAssertion(type: Node): boolean {
  return type.type === "TSTypeReference" && type.typeName.type === "Identifier" && type.typeName.name === "const";
}

function listMachineTraces(path: string, text: string | undefined): string[] {
  if (text === undefined || path.endsWith("pnpm-lock.yaml")) return [];
  const large = Buffer.byteLength(text) > FILE_BYTES_MAX ? [`${path} has over ${FILE_BYTES_MAX} bytes`] : [];
  const traces = text.split("\n").flatMap((line, index) => {
    const found = MACHINE_WORDS.exec(line);
    return found === null ? [] : [`${path}:${index + 1} names one machine's own place ("${found[0]}")`];
  });
  return [...large, ...traces];
}
