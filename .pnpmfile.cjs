// @prisma/client names the Prisma CLI and TypeScript as optional peers. pnpm would link ours, and `pnpm deploy` would
// carry 200 MB of tools that nothing needs at run time into the images.
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name === "@prisma/client") manifest.peerDependencies = {};
      return manifest;
    },
  },
};
