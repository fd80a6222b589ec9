import { buildImage } from '../../../scripts/local/docker.ts';
import { IMAGE } from './engine.ts';

/** Builds the image once, so that later builds, also wrangler's, are cached. */
export default function setup() {
  if (!buildImage(IMAGE)) throw new Error('the image could not be built, see the output above');
}
