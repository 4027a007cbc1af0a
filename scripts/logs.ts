import { compose } from "./operate/docker.ts";
import { rememberedMode } from "./operate/mode.ts";

const [service = "gateway"] = process.argv.slice(2);
if (rememberedMode() === "standalone") {
  console.error("There are no logs: the shape without Docker is not there yet. `make dev` prints its own.");
  process.exit(1);
}
compose("logs", "--follow", "--tail", "200", service);
