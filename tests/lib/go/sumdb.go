// What Go's own reader of notes and its transparency log library (golang.org/x/mod/sumdb, unmodified)
// make of a log of ours: its checkpoint, its tiles and entries, receipts, and the proofs of
// tests/vectors/merkle.txt. Prints what was checked, one line; exit 1 at the first that is wrong.
//
//	sumdb VKEY-FILE LOG-DIRECTORY MERKLE-VECTORS RECEIPT...
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // of a tile: 256 hashes

type tree struct {
	size int64
	root tlog.Hash
}

func main() {
	if len(os.Args) < 4 {
		fail("usage: sumdb VKEY-FILE LOG-DIRECTORY MERKLE-VECTORS RECEIPT...")
	}
	verifier, err := note.NewVerifier(strings.TrimSuffix(read(os.Args[1]), "\n"))
	check(err, "verifier key")
	now := open([]byte(read(filepath.Join(os.Args[2], "checkpoint"))), verifier)
	reader := tlog.TileHashReader(tlog.Tree{N: now.size, Hash: now.root}, tiles{os.Args[2]})
	checkEntries(os.Args[2], now, reader)
	for _, path := range os.Args[4:] {
		checkReceipt(path, now, reader, verifier)
	}
	vectors := checkVectors(os.Args[3])
	fmt.Printf("%d entries, %d receipts, %d vectors\n", now.size, len(os.Args)-4, vectors)
}

// A checkpoint: origin, size and root, under the verifier's signature.
func open(message []byte, verifier note.Verifier) tree {
	n, err := note.Open(message, note.VerifierList(verifier))
	check(err, "note")
	if len(n.Sigs) != 1 || n.Sigs[0].Name != verifier.Name() {
		fail("note: not by %s alone: %v", verifier.Name(), n.Sigs)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		fail("checkpoint: %q", n.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root")
	return tree{size, root}
}

// The tiles in a directory, as C2SP names them: Go's names have the height too.
type tiles struct{ directory string }

func (t tiles) Height() int { return height }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.directory, name))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// Every entry is the leaf that the tiles have in its place, and the tiles lead to the signed root.
func checkEntries(directory string, now tree, reader tlog.HashReader) {
	var indexes []int64
	for i := int64(0); i < now.size; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	hashes, err := reader.ReadHashes(indexes)
	check(err, "tiles")
	for i := int64(0); i < now.size; {
		tile := tlog.Tile{H: height, L: 0, N: i >> height, W: 1 << height}
		if now.size-i < 1<<height {
			tile.W = int(now.size - i)
		}
		name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", height), "tile/entries/", 1)
		bundle := []byte(read(filepath.Join(directory, name)))
		for n := 0; n < tile.W; n++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				fail("%s: too short", name)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:end]) != hashes[i] {
				fail("entry %d is not the leaf", i)
			}
			bundle = bundle[end:]
			i++
		}
		if len(bundle) != 0 {
			fail("%s: too long", name)
		}
	}
}

// A receipt's own checkpoint and proof; and its tree is how the log's began.
func checkReceipt(path string, now tree, reader tlog.HashReader, verifier note.Verifier) {
	proof, message, found := strings.Cut(read(path), "\n\n")
	lines := strings.Split(proof, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		fail("%s: no receipt", path)
	}
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	check(err, path)
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	check(err, path)
	var hashes tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		check(err, path)
		hashes = append(hashes, hash)
	}
	then := open([]byte(message), verifier)
	check(tlog.CheckRecord(hashes, then.size, then.root, index, tlog.RecordHash(extra)), path)
	again, err := tlog.ProveRecord(then.size, index, reader)
	check(err, path)
	if fmt.Sprint(again) != fmt.Sprint(hashes) {
		fail("%s: the tiles give another proof", path)
	}
	grown, err := tlog.ProveTree(now.size, then.size, reader)
	check(err, path)
	check(tlog.CheckTree(grown, now.size, now.root, then.size, then.root), path)
}

// The vectors' roots and proofs, which our own code makes and takes: how many were checked.
func checkVectors(path string) int {
	leaf, root, count := map[int64]tlog.Hash{}, map[int64]tlog.Hash{}, 0
	for _, line := range strings.Split(strings.TrimSuffix(read(path), "\n"), "\n") {
		words := strings.Fields(line)
		a, err := strconv.ParseInt(words[1], 10, 64)
		check(err, line)
		switch words[0] {
		case "entry":
			data, err := hex.DecodeString(strings.Replace(words[2], "-", "", 1))
			check(err, line)
			leaf[a] = tlog.RecordHash(data)
		case "root":
			root[a] = hashes(words[2:])[0]
		case "inclusion", "consistency":
			b, err := strconv.ParseInt(words[2], 10, 64)
			check(err, line)
			if words[0] == "inclusion" {
				check(tlog.CheckRecord(hashes(words[3:]), b, root[b], a, leaf[a]), line)
			} else {
				check(tlog.CheckTree(hashes(words[3:]), b, root[b], a, root[a]), line)
			}
			count++
		}
	}
	return count
}

func hashes(words []string) []tlog.Hash {
	var all []tlog.Hash
	for _, word := range words {
		data, err := hex.DecodeString(word)
		check(err, word)
		var hash tlog.Hash
		if copy(hash[:], data) != len(data) || !bytes.Equal(hash[:], data) {
			fail("%s: no hash", word)
		}
		all = append(all, hash)
	}
	return all
}

func read(path string) string {
	data, err := os.ReadFile(path)
	check(err, "read")
	return string(data)
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}
