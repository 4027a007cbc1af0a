import {
  type ArrowFunctionExpression,
  type Comment,
  type Function as FunctionNode,
  type Node,
  type ParseResult,
  parseSync,
  Visitor,
  type VisitorObject,
} from "oxc-parser";

/** A parsed TypeScript file. */
export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly program: ParseResult["program"];
  readonly comments: readonly Comment[];
  /** The parser's complaint, `undefined` for a file that parses. */
  readonly syntaxError: string | undefined;
  /** Line of an offset, first line is 1. */
  lineAt(offset: number): number;
}

/** One import or re-export of another module. */
export interface ModuleReference {
  readonly specifier: string;
  readonly line: number;
  /** Nothing of it is left when the types are stripped. */
  readonly typeOnly: boolean;
  readonly kind: "import" | "export" | "dynamic";
  /** Imported names; `*` and `default` for those forms. */
  readonly names: readonly string[];
}

export function parseSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return {
    path,
    lines: text.endsWith("\n") ? starts.length - 1 : starts.length,
    program: parsed.program,
    comments: parsed.comments,
    syntaxError: parsed.errors[0]?.message,
    lineAt: (offset) => starts.findLastIndex((start) => start <= offset) + 1,
  };
}

export function visit(source: SourceFile, visitor: VisitorObject): void {
  new Visitor(visitor).visit(source.program);
}

/** `path:line`, as editors and terminals make it clickable. */
export function placeOf(source: SourceFile, node: Pick<Node, "start">): string {
  return `${source.path}:${source.lineAt(node.start)}`;
}

/** Every module that a file refers to, `import("…")` in types and literal dynamic imports included. */
export function listModuleReferences(source: SourceFile): ModuleReference[] {
  const references: ModuleReference[] = [];
  const add = (node: Pick<Node, "start">, found: Omit<ModuleReference, "line">): void => {
    references.push({ ...found, line: source.lineAt(node.start) });
  };
  visit(source, {
    ImportDeclaration(node) {
      const named = node.specifiers.map((entry) => ({
        name:
          entry.type === "ImportSpecifier"
            ? nameOf(entry.imported)
            : entry.type === "ImportDefaultSpecifier"
              ? "default"
              : "*",
        isType: node.importKind === "type" || (entry.type === "ImportSpecifier" && entry.importKind === "type"),
      }));
      const typeOnly = node.importKind === "type" || (named.length > 0 && named.every((entry) => entry.isType));
      const names = named.map((entry) => entry.name);
      add(node, { specifier: node.source.value, typeOnly, kind: "import", names });
    },
    ExportNamedDeclaration(node) {
      if (node.source === null) return;
      const names = node.specifiers.map((entry) => nameOf(entry.local));
      add(node, { specifier: node.source.value, typeOnly: node.exportKind === "type", kind: "export", names });
    },
    ExportAllDeclaration(node) {
      add(node, { specifier: node.source.value, typeOnly: node.exportKind === "type", kind: "export", names: ["*"] });
    },
    ImportExpression(node) {
      if (node.source.type !== "Literal" || typeof node.source.value !== "string") return;
      add(node, { specifier: node.source.value, typeOnly: false, kind: "dynamic", names: ["*"] });
    },
    TSImportType(node) {
      add(node, { specifier: node.source.value, typeOnly: true, kind: "import", names: ["*"] });
    },
  });
  return references;
}

function nameOf(name: { type: string; name?: string; value?: unknown }): string {
  return name.name ?? String(name.value);
}

/** A function that has a name of its own; inline callbacks count as lines of the function around them. */
export interface NamedFunction {
  readonly name: string;
  readonly place: string;
  readonly lines: number;
}

export function listNamedFunctions(source: SourceFile): NamedFunction[] {
  const functions: NamedFunction[] = [];
  const add = (name: string, node: Node): void => {
    const lines = source.lineAt(node.end) - source.lineAt(node.start) + 1;
    functions.push({ name, place: placeOf(source, node), lines });
  };
  const addIfFunction = (key: Node, value: Node | null): void => {
    if (value === null || !isFunction(value)) return;
    if (value.type === "FunctionExpression" && value.body === null) return;
    add("name" in key && typeof key.name === "string" ? key.name : "(computed)", value);
  };
  visit(source, {
    FunctionDeclaration: (node) => node.body !== null && add(node.id?.name ?? "(default)", node),
    VariableDeclarator: (node) => addIfFunction(node.id, node.init),
    Property: (node) => addIfFunction(node.key, node.value),
    MethodDefinition: (node) => addIfFunction(node.key, node.value),
    PropertyDefinition: (node) => addIfFunction(node.key, node.value),
  });
  return functions;
}

export function isFunction(node: Node): node is ArrowFunctionExpression | FunctionNode {
  return node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";
}
