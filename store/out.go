package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/tenant"
)

// outHead is what stands before the message in a record of the out log: its
// version and the hash.
const outHead = 1 + 32

// appendOut adds messages to the out log and gives the number of the last.
func appendOut(tx *bbolt.Tx, messages []tenant.Message) (uint64, error) {
	b := in(tx, bOut)
	last, err := lastOut(b)
	if err != nil {
		return 0, err
	}
	for _, m := range messages {
		v := make([]byte, outHead, outHead+8+len(m.Subject)+len(m.ID)+len(m.Body)+sealSize)
		v = append(binary.AppendUvarint(v, uint64(len(m.Subject))), m.Subject...)
		v = append(binary.AppendUvarint(v, uint64(len(m.ID))), m.ID...)
		v = append(v, m.Body...)
		last = tenant.Output{N: last.N + 1, Hash: hashOut(last.Hash, v[outHead:])}
		v[0] = formVersion
		copy(v[1:], last.Hash[:])
		if err := b.appended(key(last.N), v); err != nil {
			return 0, err
		}
	}
	return last.N, nil
}

// hashOut is the hash of the log with one more message.
func hashOut(before [32]byte, payload []byte) [32]byte {
	h := sha256.New()
	h.Write(before[:])
	h.Write(payload)
	return [32]byte(h.Sum(nil))
}

func lastOut(b bucket) (tenant.Output, error) {
	c := b.cursor()
	if !c.last() {
		return tenant.Output{}, c.err
	}
	return decodeOut(c.k, c.v)
}

func decodeOut(k, v []byte) (tenant.Output, error) {
	bad := domain.Errorf(domain.Corrupt, "stored output %q is malformed", k)
	if len(k) != 8 || len(v) < outHead+2 || v[0] != formVersion {
		return tenant.Output{}, bad
	}
	o := tenant.Output{N: binary.BigEndian.Uint64(k), Hash: [32]byte(v[1:outHead])}
	rest := v[outHead:]
	for _, to := range []*string{&o.Subject, &o.ID} {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return tenant.Output{}, bad
		}
		*to = string(rest[size : size+int(n)]) //nolint:gosec // bounded by the slice above
		rest = rest[size+int(n):]              //nolint:gosec // as above
	}
	o.Body = bytes.Clone(rest)
	return o, nil
}

// Outputs reads up to limit messages of the out log after number n.
func (s *Store) Outputs(after uint64, limit int) ([]tenant.Output, error) {
	var out []tenant.Output
	err := s.read(func(tx *bbolt.Tx) error {
		c := in(tx, bOut).cursor()
		for ok := c.seek(key(after + 1)); ok && len(out) < limit; ok = c.next() {
			o, err := decodeOut(c.k, c.v)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return c.err
	})
	return out, err
}

// OutputHash is the hash of the out log up to number n (all zeros for 0), and
// whether the log reaches that far.
func (s *Store) OutputHash(n uint64) (hash [32]byte, ok bool, err error) {
	if n == 0 {
		return hash, true, nil
	}
	err = s.read(func(tx *bbolt.Tx) error {
		v, err := in(tx, bOut).get(key(n))
		if v == nil {
			return err
		}
		o, err := decodeOut(key(n), v)
		hash, ok = o.Hash, err == nil
		return err
	})
	return hash, ok, err
}

// LastOutput is the number of the newest message in the out log.
func (s *Store) LastOutput() (uint64, error) {
	var n uint64
	err := s.read(func(tx *bbolt.Tx) error {
		o, err := lastOut(in(tx, bOut))
		n = o.N
		return err
	})
	return n, err
}
