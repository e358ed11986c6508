#!/bin/sh
# Verifies this folder with openssl and coreutils alone: all sums, each receipt, and that the log only
# grew. usage: sh verify.sh [KEY]
#
# KEY: the log's public key in PEM, or its certificate, that you have from somebody you trust. Without
# it those in keys/ count, which whoever gave you this folder has put there: compare what is printed.
# Exit status: 0 all is so; 1 something is not.
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname -- "$0")" || exit 1
given=${1-}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

bad() { echo "BAD  $*"; failed=1; }
sha() { openssl dgst -sha256 -binary; }
node() { { printf '\001'; cat "$1" "$2"; } | sha > "$tmp/node" && mv "$tmp/node" "$3"; }

# The keys: key.1, key.2, ... in $tmp.
keys=0
take_key() {
	keys=$((keys + 1))
	openssl x509 -in "$1" -noout -pubkey > "$tmp/key.$keys" 2> /dev/null ||
		openssl pkey -pubin -in "$1" -pubout > "$tmp/key.$keys" 2> /dev/null || { bad "$1: no key"; return; }
	echo "key  sha256 $(openssl pkey -pubin -in "$tmp/key.$keys" -outform DER | sha256sum | cut -c 1-64)  $1"
}
if [ -n "$given" ]; then
	take_key "$given"
else
	for key in keys/*.pem; do take_key "$key"; done
	echo "     these keys came with the folder: compare the sums with what you know the log by"
fi

# A signed checkpoint in file $1: its three lines in $tmp/text, one signature by a key.
checkpoint() {
	head -n 3 "$1" > "$tmp/text"
	{ read -r origin; read -r size; read -r root; } < "$tmp/text"
	tail -n +5 "$1" > "$tmp/lines"
	while read -r dash name signature; do
		[ "$name" = "$origin" ] || continue
		printf %s "$signature" | base64 -d 2> /dev/null | tail -c +5 > "$tmp/sig"
		i=0
		while [ $i -lt $keys ]; do
			i=$((i + 1))
			openssl dgst -sha256 -verify "$tmp/key.$i" -signature "$tmp/sig" "$tmp/text" > /dev/null 2>&1 && return 0
			openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify "$tmp/key.$i" \
				-signature "$tmp/sig" "$tmp/text" > /dev/null 2>&1 && return 0
			openssl pkeyutl -verify -pubin -inkey "$tmp/key.$i" -rawin -in "$tmp/text" -sigfile "$tmp/sig" \
				> /dev/null 2>&1 && return 0
		done
	done < "$tmp/lines"
	return 1
}

# $1: a receipt (c2sp.org/tlog-proof@v1). Leaf, path and signed root.
receipt() {
	{
		read -r form; read -r word extra; read -r word2 index
		[ "$form" = "c2sp.org/tlog-proof@v1" ] && [ "$word $word2" = "extra index" ] || { bad "$1: no receipt"; return; }
		case $index in '' | *[!0-9]*) bad "$1: no index"; return ;; esac
		printf %s "$extra" | base64 -d > "$tmp/entry" || { bad "$1: no entry"; return; }
		: > "$tmp/path"
		while read -r hash && [ -n "$hash" ]; do echo "$hash" >> "$tmp/path"; done
		cat > "$tmp/note"
	} < "$1"
	checkpoint "$tmp/note" || { bad "$1: its checkpoint is not signed by a key"; return; }
	[ "$root" = "$end_root" ] && [ "$size" = "$end_size" ] || { bad "$1: another checkpoint"; return; }
	{ printf '\000'; cat "$tmp/entry"; } | sha > "$tmp/hash"
	fn=$index sn=$((size - 1))
	[ "$fn" -le "$sn" ] || { bad "$1: index beyond the log"; return; }
	while read -r hash; do
		[ $sn -gt 0 ] || { bad "$1: the path is too long"; return; }
		printf %s "$hash" | base64 -d > "$tmp/sibling"
		if [ $((fn % 2)) = 1 ] || [ $fn = $sn ]; then
			node "$tmp/sibling" "$tmp/hash" "$tmp/hash"
			while [ $((fn % 2)) = 0 ] && [ $fn != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
		else
			node "$tmp/hash" "$tmp/sibling" "$tmp/hash"
		fi
		fn=$((fn / 2)) sn=$((sn / 2))
	done < "$tmp/path"
	[ $sn = 0 ] && [ "$(base64 -w 0 "$tmp/hash")" = "$root" ] || { bad "$1: it does not lead to the signed root"; return; }
	receipts=$((receipts + 1))
}

# checkpoints/start.txt (origin, size, root) and consistency.txt, a hash a line: RFC 9162, 2.1.4.2.
consistency() {
	{ read -r start_origin; read -r start_size; read -r start_root; } < checkpoints/start.txt
	case $start_size in '' | *[!0-9]*) bad "checkpoints/start.txt"; return ;; esac
	[ "$start_origin" = "$end_origin" ] && [ "$start_size" -le "$end_size" ] || { bad "the start is of another log"; return; }
	[ "$start_size" = 0 ] && { echo "ok   the period begins with the log"; return; }
	if [ "$start_size" = "$end_size" ]; then
		[ "$start_root" = "$end_root" ] || bad "consistency: two roots of one size"
		return
	fi
	fn=$((start_size - 1)) sn=$((end_size - 1))
	while [ $((fn % 2)) = 1 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
	: > "$tmp/hashes"
	[ $fn = 0 ] && echo "$start_root" > "$tmp/hashes"
	cat checkpoints/consistency.txt >> "$tmp/hashes"
	{
		read -r hash
		printf %s "$hash" | base64 -d > "$tmp/fr"
		cat "$tmp/fr" > "$tmp/sr"
		while read -r hash; do
			[ $sn -gt 0 ] || { bad "consistency: the proof is too long"; return; }
			printf %s "$hash" | base64 -d > "$tmp/sibling"
			if [ $((fn % 2)) = 1 ] || [ $fn = $sn ]; then
				node "$tmp/sibling" "$tmp/fr" "$tmp/fr"
				node "$tmp/sibling" "$tmp/sr" "$tmp/sr"
				while [ $((fn % 2)) = 0 ] && [ $fn != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
			else
				node "$tmp/sr" "$tmp/sibling" "$tmp/sr"
			fi
			fn=$((fn / 2)) sn=$((sn / 2))
		done
	} < "$tmp/hashes"
	if [ $sn = 0 ] && [ "$(base64 -w 0 "$tmp/fr")" = "$start_root" ] && [ "$(base64 -w 0 "$tmp/sr")" = "$end_root" ]; then
		echo "ok   the log of $start_size entries only grew to that of $end_size"
	else
		bad "consistency: the log at the end does not begin with the one at the start"
	fi
}

if sha256sum --check --strict --quiet SHA256SUMS; then echo "ok   all sums"; else bad "a sum is another"; fi
if checkpoint checkpoints/end.txt; then
	end_origin=$origin end_size=$size end_root=$root
	echo "ok   $end_origin, $end_size entries, root $end_root, signed"
	consistency
	receipts=0
	for file in receipts/*.tlog-proof; do [ -e "$file" ] && receipt "$file"; done
	echo "     receipts that were verified: $receipts"
else
	bad "checkpoints/end.txt is not signed by a key"
fi
if [ $failed = 0 ]; then echo "GOOD all that can be verified here is so; VERIFY.txt says what that is not"; fi
exit $failed
