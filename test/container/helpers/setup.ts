import { buildImage } from '../../../scripts/local/docker.ts';
import { IMAGE } from './engine.ts';

/** Builds the image once: whoever builds it again, wrangler among them, finds every step done. */
export default function setup() {
  if (!buildImage(IMAGE)) throw new Error('the image could not be built: see above');
}
