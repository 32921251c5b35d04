#!/usr/bin/env bash
# Makes the archives of a release in a folder, the same bytes wherever and
# whenever it runs on the same files with the same Go:
#
#   deploy/release.sh DIR VERSION COMMIT SECONDS
#
# SECONDS since 1970 is the time that everything in the archives has. SBOM names
# the program that makes the bill of materials (cyclonedx-gomod).
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1 version=$2 commit=$3 at=$4
export CGO_ENABLED=0 GOOS=linux GOFLAGS=-buildvcs=false LC_ALL=C TZ=UTC
mkdir -p "$out"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
for arch in amd64 arm64; do
  name=trueup-$version-linux-$arch
  mkdir -p "$stage/$name"
  GOARCH=$arch go build -trimpath -ldflags "-s -w -X main.release=$version -X main.commit=$commit" -o "$stage/$name/trueup" ./cmd/trueup
  GOARCH=$(go env GOHOSTARCH) GOOS=$(go env GOHOSTOS) go run ./deploy/licences > "$stage/$name/LICENSES.txt"
  cp README.md "$stage/$name/"
  mkdir -p "$stage/$name/deploy" "$stage/$name/docs"
  cp -r deploy/nats deploy/systemd deploy/container deploy/kubernetes deploy/compose.yaml "$stage/$name/deploy/"
  for more in deploy/prometheus deploy/grafana; do if [ -d "$more" ]; then cp -r "$more" "$stage/$name/deploy/"; fi; done
  cp docs/*.md docs/openapi.json docs/plan.schema.json "$stage/$name/docs/"
  # What is in the program, as it says itself: its modules, and Go's library.
  "$SBOM" bin -json -std -noserial -notimestamp -version "$version" -output "$out/$name.cdx.json" "$stage/$name/trueup" 2> "$stage/sbom.log" || { cat "$stage/sbom.log" >&2; exit 1; }
  chmod -R u=rwX,go=rX "$stage/$name"
  tar --create --format=gnu --sort=name --mtime="@$at" --owner=0 --group=0 --numeric-owner -C "$stage" "$name" | gzip -9n > "$out/$name.tar.gz"
done
cd "$out"
sha256sum -- *.tar.gz *.cdx.json > SHA256SUMS
