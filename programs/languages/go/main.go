// Four hash chains, a goroutine each: the job of ../chains.ts in Go.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
)

const (
	lanes = 4
	word  = 32
)

type file struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	Sha256 string `json:"sha256"`
}

type result struct {
	Schema string `json:"schema"`
	Nonce  string `json:"nonce"`
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
	Files  []file `json:"files"`
}

func chain(seed []byte, lane byte, steps uint32) []byte {
	end := sha256.Sum256(append(append([]byte{}, seed...), lane))
	for step := uint32(1); step < steps; step++ {
		end = sha256.Sum256(end[:])
	}
	return end[:]
}

func prove() ([]byte, error) {
	input, err := os.ReadFile("/in/public_inputs")
	if err != nil {
		return nil, errors.New("the file /in/public_inputs is missing")
	}
	if len(input) != 2*word {
		return nil, errors.New("public_inputs is not two words of 32 bytes")
	}
	seed, count := input[:word], input[word:]
	steps := binary.BigEndian.Uint32(count[28:])
	if steps == 0 || !bytes.Equal(count[:28], make([]byte, 28)) {
		return nil, errors.New("the number of steps is not 1 to 2^32 - 1")
	}
	proof := make([]byte, lanes*word)
	var group sync.WaitGroup
	for lane := 0; lane < lanes; lane++ {
		group.Add(1)
		go func(lane int) {
			defer group.Done()
			copy(proof[lane*word:], chain(seed, byte(lane), steps))
		}(lane)
	}
	group.Wait()
	fmt.Printf("Go: %d lanes, %d threads\n", lanes, runtime.GOMAXPROCS(0))
	return proof, nil
}

func main() {
	var job struct {
		Nonce string `json:"nonce"`
	}
	text, err := os.ReadFile("/in/job.json")
	must(err)
	must(json.Unmarshal(text, &job))
	answer := result{Schema: "gevulot/result@1", Nonce: job.Nonce, Status: "ok", Files: []file{}}
	if proof, err := prove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		answer.Status, answer.Error = "error", err.Error()
	} else {
		must(os.WriteFile("/out/proof", proof, 0o644))
		digest := sha256.Sum256(proof)
		answer.Files = append(answer.Files, file{"proof", len(proof), hex.EncodeToString(digest[:])})
	}
	text, err = json.Marshal(answer)
	must(err)
	must(os.WriteFile("/out/result.json", text, 0o644))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
