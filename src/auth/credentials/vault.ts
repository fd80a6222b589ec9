import { fail, ok, type Result } from '../../errors.ts';
import type { CredentialDraft } from './draft.ts';
import { seal, unseal } from './seal.ts';
import type { CredentialStore, SealedCredential } from './store.ts';

/** A credential without its value. `isReadable` false: no secret of the gateway opens it any more, so it has to be set again. */
export interface ShownCredential {
  name: string;
  setAt: number;
  usedAt: number | null;
  isReadable: boolean;
}

/** The settings that seal credentials. */
export interface VaultSecrets {
  credentialsSecret?: string | undefined;
  credentialsSecretPrevious?: string | undefined;
}

/** The credentials of one account, which leave it only for the gate. */
export class Vault {
  readonly #store: CredentialStore;
  readonly #account: string;
  readonly #secrets: VaultSecrets;

  constructor(store: CredentialStore, account: string, secrets: VaultSecrets) {
    this.#store = store;
    this.#account = account;
    this.#secrets = secrets;
  }

  #placeOf(name: string): string {
    return `${this.#account}\n${name}`;
  }

  /** Stores a credential, unless the operator has set no secret to seal it with. */
  async put({ name, value }: CredentialDraft, now: number): Promise<Result<null>> {
    const { credentialsSecret } = this.#secrets;
    if (credentialsSecret === undefined) return fail({ code: 'credentials_unavailable' });
    this.#store.put(name, await seal(credentialsSecret, this.#placeOf(name), value), now);
    return ok(null);
  }

  /** The value of a credential. One that was sealed with the previous secret is sealed with the current one. */
  async #open(credential: SealedCredential): Promise<string | undefined> {
    const { credentialsSecret, credentialsSecretPrevious } = this.#secrets;
    const place = this.#placeOf(credential.name);
    if (credentialsSecret === undefined) return undefined;
    const value = await unseal(credentialsSecret, place, credential.sealed);
    if (value !== undefined || credentialsSecretPrevious === undefined) return value;
    const former = await unseal(credentialsSecretPrevious, place, credential.sealed);
    if (former !== undefined) this.#store.reseal(credential, await seal(credentialsSecret, place, former));
    return former;
  }

  /** All credentials, without their values. */
  shown(): Promise<ShownCredential[]> {
    return Promise.all(
      this.#store.all().map(async (credential) => {
        const { name, setAt, usedAt } = credential;
        return { name, setAt, usedAt, isReadable: (await this.#open(credential)) !== undefined };
      }),
    );
  }

  /** The first credential of some names that is stored and readable, marked as used. */
  async use(names: readonly string[], now: number): Promise<CredentialDraft | null> {
    const stored = new Map(this.#store.all().map((credential) => [credential.name, credential]));
    for (const credential of names.flatMap((name) => stored.get(name) ?? [])) {
      const value = await this.#open(credential);
      if (value === undefined) continue;
      this.#store.markUsed(credential, now);
      return { name: credential.name, value };
    }
    return null;
  }
}
