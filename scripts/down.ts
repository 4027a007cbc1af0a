import { compose } from "./operate/docker.ts";
import { rememberedMode } from "./operate/mode.ts";

if (rememberedMode() === "standalone") {
  console.error("Nothing to stop: the shape without Docker is not there yet. Stop `make dev` with Ctrl-C.");
  process.exit(1);
}
// Without --volumes: data and accepted messages stay.
compose("down");
