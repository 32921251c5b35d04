// Command secrets makes what deploy/nats/nats.conf and a worker beside it need
// and what no file of the repository has: a password for each user, and
// certificates of an authority that it then forgets.
//
//	go run ./deploy/secrets -until 2028-01-01 DIR [NAME...]
//
// DIR gets nats.env (the broker's environment), USER.creds for each user
// (trueup --nats-creds), ca.pem (--nats-ca), and nats.pem, nats.key, trueup.pem,
// trueup.key for the hosts nats, trueup, localhost and every NAME. Where there
// are certificates of a company's own, use those.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "secrets: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("secrets", flag.ContinueOnError)
	flags.SetOutput(stderr)
	conf := flags.String("conf", "deploy/nats/nats.conf", "the broker's configuration, whose users get passwords")
	day := flags.String("until", "", "the date, YYYY-MM-DD, on which the certificates end")
	store := flags.String("store", "/data/jetstream", "folder of the broker's streams")
	at := flags.String("at", "", "folder in which the broker finds its certificate (default DIR)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	until, err := time.Parse(time.DateOnly, *day)
	if err != nil {
		return fmt.Errorf("-until %q is not a date (2028-01-01)", *day)
	}
	if flags.NArg() == 0 {
		return errors.New("no folder to write to")
	}
	dir, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("%w; secrets are never overwritten", err)
	}
	if *at == "" {
		*at = dir
	}
	if err := passwords(dir, *conf, *at, *store); err != nil {
		return err
	}
	return certificates(dir, until, append([]string{"localhost"}, flags.Args()[1:]...))
}

// variable is the name of a user's password in the configuration.
var variable = regexp.MustCompile(`\buser: *([a-z]+), *password: *\$([A-Z_]+)`)

// passwords makes one for each user of the configuration.
func passwords(dir, conf, at, store string) error {
	text, err := os.ReadFile(conf)
	if err != nil {
		return err
	}
	users := variable.FindAllStringSubmatch(string(text), -1)
	if len(users) == 0 {
		return fmt.Errorf("%s names no user with a password in a variable", conf)
	}
	var env strings.Builder
	fmt.Fprintf(&env, "NATS_TLS_CERT=%s\nNATS_TLS_KEY=%s\nNATS_STORE=%s\n", filepath.Join(at, "nats.pem"), filepath.Join(at, "nats.key"), store)
	for _, u := range users {
		password := rand.Text()
		// A password of 128 random bits needs no costly hash: nobody guesses it.
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			return err
		}
		fmt.Fprintf(&env, "%s='%s'\n", u[2], hash)
		if err := write(dir, u[1]+".creds", []byte(u[1]+":"+password+"\n")); err != nil {
			return err
		}
	}
	return write(dir, "nats.env", []byte(env.String()))
}

// certificates makes an authority and what it vouches for. Its key is not kept.
func certificates(dir string, until time.Time, names []string) error {
	root := &x509.Certificate{
		Subject: pkix.Name{CommonName: "trueup deployment"}, NotBefore: time.Unix(0, 0), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := sign(dir, "ca", root, root, nil)
	if err != nil {
		return err
	}
	for _, of := range []string{"nats", "trueup"} {
		c := &x509.Certificate{
			Subject: pkix.Name{CommonName: of}, NotBefore: root.NotBefore, NotAfter: until,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			DNSNames: []string{of}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, name)
			}
		}
		if _, err := sign(dir, of, c, root, key); err != nil {
			return err
		}
	}
	return nil
}

// sign makes a key for a certificate and has the authority's key vouch for it,
// or its own where there is none yet: then the key goes nowhere.
func sign(dir, name string, c, by *x509.Certificate, with *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	if with == nil {
		with = key
	} else {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		if err := write(dir, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
			return nil, err
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, with)
	if err != nil {
		return nil, err
	}
	return key, write(dir, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// write writes a file that its owner alone can read.
func write(dir, name string, b []byte) error { return os.WriteFile(filepath.Join(dir, name), b, 0o600) }
