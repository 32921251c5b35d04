package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
)

// keptCursor is where an export goes on: the ledger's cursor, and of credits
// those that were exported so far.
type keptCursor struct {
	text    string // empty: from the beginning
	credits []report.Credit
}

// nextCursor is one that an export leaves.
type nextCursor = keptCursor

// creditsAfter is between the ledger's cursor and the credits.
const creditsAfter = "~"

// mostCredits bounds what a cursor's credits may be when they are unpacked.
const mostCredits = 1 << 30

// fromStart is a cursor before everything.
const fromStart = "start"

// cursor is that which the command line gives; the first time there is none.
func (x *exporter) cursor(cmd *cobra.Command) (keptCursor, error) {
	given, isFile := x.since, false
	if !cmd.Flags().Changed("since") && x.file != "" {
		given, isFile = x.file, true
	} else if name, at := strings.CutPrefix(given, "@"); at {
		given, isFile = name, true
	}
	if isFile {
		b, err := os.ReadFile(given) //nolint:gosec // the file the user named
		if errors.Is(err, fs.ErrNotExist) && given == x.file {
			return keptCursor{}, nil
		}
		if err != nil {
			return keptCursor{}, fmt.Errorf("the cursor: %w", err)
		}
		name := given
		if given = strings.TrimSpace(string(b)); given == "" {
			return keptCursor{}, fmt.Errorf("the cursor: %s is empty", name)
		}
	}
	if given == "" || given == fromStart && !isFile {
		return keptCursor{}, nil
	}
	return x.decode(given)
}

func (x *exporter) decode(given string) (keptCursor, error) {
	text, packed, has := strings.Cut(given, creditsAfter)
	c := keptCursor{text: text}
	if _, err := report.ParseCursor(text, x.query.What, x.query.Filter); err != nil {
		return c, err
	}
	if x.query.What != report.ExportCredits {
		if has {
			return c, fmt.Errorf("cursor %q has more to it than one of the %s has", text, x.query.What)
		}
		return c, nil
	}
	if !has {
		return c, fmt.Errorf("cursor %q has lost its credits: it is kept whole in a --cursor-file", text)
	}
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	if err == nil {
		err = json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), mostCredits)).Decode(&c.credits)
	}
	if err != nil {
		return c, fmt.Errorf("the credits of cursor %q cannot be read: %w", text, err)
	}
	return c, nil
}

// encode is a cursor as a file keeps it, on one line.
func (c keptCursor) encode() ([]byte, error) {
	if c.credits == nil {
		return []byte(c.text + "\n"), nil
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(json.NewEncoder(w).Encode(c.credits), w.Close()); err != nil {
		return nil, err
	}
	return []byte(c.text + creditsAfter + base64.RawURLEncoding.EncodeToString(packed.Bytes()) + "\n"), nil
}

// replaceFile writes a file whole or not at all, over one that is there.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a name that was given to a file last.
func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // of the file the user named
	if err != nil {
		return nil //nolint:nilerr // some systems open no folders
	}
	_ = d.Sync() // as above
	return d.Close()
}
