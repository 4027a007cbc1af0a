import type { Node } from "oxc-parser";
import type { CheckReport } from "./check-report.ts";
import { isTest, isTypeScript, type Repository } from "./repository.ts";
import { listNamedFunctions, type SourceFile } from "./source-file.ts";

/** Lines; the 90th percentile stays below. Functions over 80 lines or with over four parameters are Biome's. */
const FILE_LINES_P90 = 200;
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_P90 = 40;
/** A package's whole public surface fits on a screen. */
const INDEX_LINES_MAX = 80;

/** How many of the largest are named when a percentile is over its budget. */
const NAMED_WORST = 5;

/** The test suites that other packages run are tests, though they ship inside testkit. */
const TESTKIT = "packages/testkit/src/";

/** Size of files and functions, outside tests, constant tables and generated code. */
export function checkBudgets(repository: Repository): CheckReport {
  const paths = repository.files.filter((path) => isTypeScript(path) && !isTest(path));
  const files = paths.map((path) => ({ place: path, lines: countLines(repository.source(path)) }));
  const functions = paths
    .filter((path) => !path.startsWith(TESTKIT))
    .flatMap((path) => listNamedFunctions(repository.source(path)))
    .map(({ place, name, lines }) => ({ place: `${place} ${name}`, lines }));
  const overMax = files.filter((file) => file.lines > FILE_LINES_MAX);
  const indexes = files.filter((file) => file.place.endsWith("/src/index.ts") && file.lines > INDEX_LINES_MAX);
  return {
    findings: [
      ...overMax.map((file) => `${file.place} has ${file.lines} lines, over ${FILE_LINES_MAX}`),
      ...indexes.map(
        (file) => `${file.place} has ${file.lines} lines: a public surface fits on a screen (${INDEX_LINES_MAX})`,
      ),
      ...judgePercentile("files", files, FILE_LINES_P90),
      ...judgePercentile("functions", functions, FUNCTION_LINES_P90),
    ],
    summary: `${files.length} files p90 ${percentile90(files)}, ${functions.length} functions p90 ${percentile90(functions)}`,
  };
}

interface Sized {
  readonly place: string;
  readonly lines: number;
}

function judgePercentile(what: string, sized: readonly Sized[], budget: number): string[] {
  const found = percentile90(sized);
  if (found < budget) return [];
  const worst = [...sized].sort((a, b) => b.lines - a.lines).slice(0, NAMED_WORST);
  const named = worst.map((entry) => `${entry.place} (${entry.lines})`).join(", ");
  return [`nine tenths of all ${what} have up to ${found} lines, the budget is below ${budget}; largest: ${named}`];
}

function percentile90(sized: readonly Sized[]): number {
  const lines = sized.map((entry) => entry.lines).sort((a, b) => a - b);
  return lines[Math.ceil(lines.length * 0.9) - 1] ?? 0;
}

/** Lines of a file without its constant tables: top-level UPPER_SNAKE names that hold a literal list or object. */
function countLines(source: SourceFile): number {
  const inTables = source.program.body.map((statement) => {
    const declared = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declared?.type !== "VariableDeclaration") return 0;
    const isTable = declared.declarations.every(
      ({ id, init }) =>
        id.type === "Identifier" && /^[A-Z][A-Z0-9_]*$/.test(id.name) && init !== null && isLiteralTable(init),
    );
    return isTable ? source.lineAt(statement.end) - source.lineAt(statement.start) + 1 : 0;
  });
  return source.lines - inTables.reduce((sum, lines) => sum + lines, 0);
}

function isLiteralTable(value: Node): boolean {
  if (value.type === "TSAsExpression" || value.type === "TSSatisfiesExpression")
    return isLiteralTable(value.expression);
  if (value.type === "NewExpression") return value.arguments[0] !== undefined && isLiteralTable(value.arguments[0]);
  return value.type === "ArrayExpression" || value.type === "ObjectExpression";
}
