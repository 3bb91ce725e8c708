// `@rjsf/core` imports this by default for helpers of its tests; vite.config.ts puts ours in its place, so that Ajv is nowhere.
import { validator } from './validator';

// biome-ignore lint/style/noDefaultExport: it stands in for a module that has one
export default validator;
