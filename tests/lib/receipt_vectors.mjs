/*
 * Runs register/web/verify.js over tests/vectors/receipts.json, in Node.js or in a page, and over the
 * consistency proofs of tests/vectors/merkle.txt. What comes out is for the test to judge.
 */

const decode = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

/* [{name, verified, error, ok: [of each step]}], in order. */
export async function runAll(verifyReceipt, vectors) {
	const made = new Map(), results = [];
	for (const each of vectors.cases) {
		const receipt = each.edits.reduce(apply, made.get(each.base) ?? new Uint8Array(0));
		made.set(each.name, receipt);
		const result = await verifyReceipt(receipt, decode(vectors.trust[each.trust]));
		results.push({name: each.name, verified: result.verified, error: result.error,
			ok: result.steps.map(step => step.ok), text: JSON.stringify(result).length});
	}
	return results;
}

function apply(data, [at, cut, comes, times = 1]) {
	const piece = decode(comes), made = new Uint8Array(data.length - cut + times * piece.length);
	made.set(data.subarray(0, at));
	for (let i = 0; i < times; i++)
		made.set(piece, at + i * piece.length);
	made.set(data.subarray(at + cut), at + times * piece.length);
	return made;
}

/*
 * Each consistency proof of the lines of merkle.txt, under checkpoints by a key that is made here:
 * {good: how many were taken, wrong: [what was taken and is not to be, or the other way round]}.
 */
export async function runConsistency(verifyConsistency, lines) {
	const rows = lines.split("\n").map(line => line.split(" ")), wrong = [], subtle = crypto.subtle;
	const roots = Object.fromEntries(rows.filter(row => row[0] === "root").map(row => [row[1], row[2]]));
	const pair = await subtle.generateKey("Ed25519", true, ["sign", "verify"]);
	const key = Uint8Array.of(1, ...new Uint8Array(await subtle.exportKey("raw", pair.publicKey)));
	const base64 = bytes => btoa(String.fromCharCode(...bytes));
	const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
	const id = new Uint8Array(await subtle.digest("SHA-256", Uint8Array.of(...new TextEncoder().encode("log\n"), ...key)))
		.subarray(0, 4);
	const line = `log+${hex(id)}+${base64(key)}\n`;
	const note = async (size, root) => {
		const text = `log\n${size}\n${base64(root.match(/../g).map(pair => parseInt(pair, 16)))}\n`;
		const signature = new Uint8Array(await subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(text)));
		return `${text}\n\u2014 log ${base64([...id, ...signature])}\n`;
	};
	let good = 0;
	const expect = async (want, what, ...given) => {
		const result = await verifyConsistency(...given);
		good += result.consistent ? 1 : 0;
		const ids = result.steps.map(step => step.id).join(" ");
		if (result.consistent !== want || !"checkpoints consistency signature key".startsWith(ids) ||
			result.steps.slice(0, -1).some(step => step.ok !== true))
			wrong.push(`${what}: ${result.error}`);
	};
	for (const [, from, to, ...proof] of rows.filter(row => row[0] === "consistency")) {
		const older = await note(from, roots[from]), newer = await note(to, roots[to]), what = `${from} to ${to}`;
		const hashes = proof.filter(word => /^[0-9a-f]{64}$/.test(word));
		await expect(true, what, older, newer, hashes, line);
		await expect(from === to, `${what} backwards`, newer, older, hashes, line);
		await expect(false, `${what}, one more hash`, older, newer, [...hashes, roots[1]], line);
		await expect(false, `${what}, another root`, older, await note(to, roots[0]), hashes, line);
		await expect(false, `${what}, forged`, older, newer.replace(/\n(\d+)\n/, "\n9$1\n"), hashes, line);
		if (hashes.length > 0)
			await expect(false, `${what}, one hash fewer`, older, newer, hashes.slice(1), line);
	}
	return {good, wrong};
}

if (globalThis.process?.argv[2] !== undefined) {
	const {readFileSync} = await import("node:fs"), [, , module, vectors, merkle] = process.argv;
	globalThis.crypto ??= (await import("node:crypto")).webcrypto; /* Debian 12's has it in its module alone */
	const {verifyReceipt, verifyConsistency} = await import(module);
	console.log(JSON.stringify({
		receipts: await runAll(verifyReceipt, JSON.parse(readFileSync(vectors))),
		consistency: await runConsistency(verifyConsistency, readFileSync(merkle, "utf8")),
	}));
}
