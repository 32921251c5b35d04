//go:build e2e

package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
)

// small is a picture in the 256 colours that it has most of: a page has few.
func small(picture []byte) ([]byte, error) {
	in, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	box := in.Bounds()
	seen := map[color.RGBA]int{}
	from := image.NewRGBA(box)
	draw.Draw(from, box, in, box.Min, draw.Src)
	for i := 0; i < len(from.Pix); i += 4 {
		for c := range 3 { // near ones are one
			v := from.Pix[i+c] &^ 7
			from.Pix[i+c] = v | v>>5
		}
		seen[color.RGBA{from.Pix[i], from.Pix[i+1], from.Pix[i+2], 255}]++
	}
	var most []color.RGBA
	for c := range seen {
		most = append(most, c)
	}
	slices.SortFunc(most, func(a, b color.RGBA) int { return seen[b] - seen[a] })
	palette := color.Palette{}
	for _, c := range most[:min(256, len(most))] {
		palette = append(palette, c)
	}
	out := image.NewPaletted(box, palette)
	at := map[color.RGBA]uint8{}
	for i := 0; i < len(from.Pix); i += 4 {
		c := color.RGBA{from.Pix[i], from.Pix[i+1], from.Pix[i+2], 255}
		n, known := at[c]
		if !known {
			n = uint8(palette.Index(c))
			at[c] = n
		}
		out.Pix[i/4] = n
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}
