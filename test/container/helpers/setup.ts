import { buildImage } from '../../../scripts/local/docker.ts';
import { IMAGE } from './engine.ts';

/** Builds the image once. A later build, wrangler's among them, finds every step cached. */
export default function setup() {
  if (!buildImage(IMAGE)) throw new Error('the image could not be built: see above');
}
