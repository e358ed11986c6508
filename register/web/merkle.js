/*
 * The Merkle tree of RFC 6962 and its proofs, as RFC 9162 verifies them (2.1.3.2 and 2.1.4.2).
 *
 *   leaf = SHA-256(00 || entry)   node = SHA-256(01 || left || right)
 *
 * Sizes and indexes are BigInt; `subtle` is that of WebCrypto.
 */

import {concat, demand, equal} from "./bytes.js";

const CONSISTENCY_MAX = 65; /* hashes: a size is a uint64 */

async function sha256(subtle, bytes) {
	return new Uint8Array(await subtle.digest("SHA-256", bytes));
}

export function leafHash(subtle, entry) {
	return sha256(subtle, concat(Uint8Array.of(0), entry));
}

function nodeHash(subtle, left, right) {
	return sha256(subtle, concat(Uint8Array.of(1), left, right));
}

/*
 * The root to which a leaf and its path lead: {root, sides}. A side says on which side of what was
 * computed so far the hash of the path stands. A path that is too long or short is refused.
 */
export async function rootOfPath(subtle, leaf, index, size, path) {
	demand(index < size, `expected an index below ${size}, found ${index}`);
	const sides = [];
	let at = index, last = size - 1n, root = leaf;
	for (const hash of path) {
		demand(last > 0n, `expected a path of ${sides.length} hashes, found ${path.length}`);
		if ((at & 1n) === 1n || at === last) {
			root = await nodeHash(subtle, hash, root);
			sides.push("left");
			for (; (at & 1n) === 0n && at !== 0n; at >>= 1n)
				last >>= 1n;
		} else {
			root = await nodeHash(subtle, root, hash);
			sides.push("right");
		}
		at >>= 1n;
		last >>= 1n;
	}
	demand(last === 0n, `expected a longer path: ${path.length} hashes do not reach the root of ${size} entries`);
	return {root, sides};
}

/* Refused unless the tree of `from` is how that of `to` began. Each is {size, root}. */
export async function demandConsistency(subtle, from, to, proof) {
	demand(proof.length <= CONSISTENCY_MAX, `expected at most ${CONSISTENCY_MAX} hashes`);
	demand(from.size <= to.size, `expected a tree of ${from.size} entries or more, found ${to.size}`);
	if (from.size === to.size || from.size === 0n) {
		demand(proof.length === 0, "expected no hashes between these sizes");
		demand(from.size !== to.size || equal(from.root, to.root), "two roots of one size: the log has forked");
		demand(from.size !== 0n || equal(from.root, await sha256(subtle, new Uint8Array(0))),
			"expected the root of the empty tree");
		return;
	}
	const path = (from.size & (from.size - 1n)) === 0n ? [from.root, ...proof] : [...proof];
	demand(path.length > 0, "expected a proof, found none");
	let at = from.size - 1n, last = to.size - 1n;
	for (; (at & 1n) === 1n; at >>= 1n)
		last >>= 1n;
	let older = path[0], newer = path[0];
	for (const hash of path.slice(1)) {
		demand(last > 0n, "expected a shorter proof");
		if ((at & 1n) === 1n || at === last) {
			older = await nodeHash(subtle, hash, older);
			newer = await nodeHash(subtle, hash, newer);
			for (; (at & 1n) === 0n && at !== 0n; at >>= 1n)
				last >>= 1n;
		} else {
			newer = await nodeHash(subtle, newer, hash);
		}
		at >>= 1n;
		last >>= 1n;
	}
	demand(last === 0n, "expected a longer proof");
	demand(equal(older, from.root), "the proof does not lead to the older root");
	demand(equal(newer, to.root), "the proof does not lead to the newer root");
}
