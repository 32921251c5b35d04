package wire

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/trueup/trueup/domain/money"
)

// sign says which amounts a field takes.
type sign uint8

const (
	anySign sign = iota
	notNegative
	aboveZero
)

// amount is money as {"amount":"24000.00","currency":"USD"}; money without a
// currency is absent.
func (f *form) amount(field string, p *money.Money, n need, s sign) {
	if f.told != nil {
		f.tell(field, n, refer(formOfMoney[s]))
		return
	}
	f.object(field, n, p.Currency == "", func() {
		if f.reading {
			*p = f.readMoney()
		} else {
			f.checkCurrency("currency", []byte(p.Currency))
		}
		switch {
		case f.err != nil:
			return
		case p.Minor > money.Limit || p.Minor < -money.Limit:
			f.fail(BadAmount, "amount", "is %s, which is too large", p.Decimal())
			return
		case s == aboveZero && p.Minor <= 0:
			f.fail(BadAmount, "amount", "is %s, but must be above zero", p.Decimal())
			return
		case s == notNegative && p.Minor < 0:
			f.fail(BadAmount, "amount", "is %s, but must not be below zero", p.Decimal())
			return
		}
		f.out = append(f.out, `"amount":"`...)
		f.out = appendMoney(f.out, *p)
		f.out = append(f.out, `","currency":"`...)
		f.out = append(f.out, p.Currency...)
		f.out = append(f.out, '"')
	})
}

func (f *form) readMoney() money.Money {
	i := f.find("amount", must)
	if i == none {
		return money.Money{}
	}
	text := f.doc.nodes[i].text
	switch k := f.doc.nodes[i].kind; {
	case k == isNumber:
		f.fail(BadAmount, "amount", `is a number; write it as a string: %s`, show(text))
	case k != isString:
		f.fail(BadAmount, "amount", `must be a string like "24000.00", not %v`, k)
	case len(text) > 40:
		f.fail(BadAmount, "amount", "%s is too long", show(text))
	}
	c := f.findOf("currency", must, isString)
	if f.err != nil {
		return money.Money{}
	}
	currency := f.checkCurrency("currency", f.doc.nodes[c].text)
	if f.err != nil {
		return money.Money{}
	}
	m, err := money.Parse(string(text), currency)
	if err != nil {
		f.fail(BadAmount, "amount", "%s", strings.TrimPrefix(err.Error(), "amount "))
	}
	return m
}

// checkCurrency is the currency that code names.
func (f *form) checkCurrency(field string, code []byte) money.Currency {
	switch string(code) { // the usual ones cost no memory
	case "USD":
		return "USD"
	case "EUR":
		return "EUR"
	case "GBP":
		return "GBP"
	}
	c, err := money.ParseCurrency(string(code[:min(len(code), 4)]))
	if err != nil {
		f.fail(BadCurrency, field, "%s is not a currency code of ISO 4217, like USD", show(code))
	}
	return c
}

// currency is a code of ISO 4217 on its own.
func (f *form) currency(field string, p *money.Currency) {
	if f.told != nil {
		f.tell(field, must, refer(formCurrency))
		return
	}
	text := []byte(*p)
	if f.reading {
		i := f.findOf(field, must, isString)
		if i == none {
			return
		}
		text = f.doc.nodes[i].text
	} else if f.absent(field, *p == "", must) {
		return
	}
	if *p = f.checkCurrency(field, text); f.err != nil {
		return
	}
	f.key(field)
	f.out = appendQuoted(f.out, string(*p))
}

// anAmount, aFloor and aTarget are amount for maybe.
func (f *form) anAmount(field string, p *money.Money) { f.amount(field, p, must, anySign) }
func (f *form) aFloor(field string, p *money.Money)   { f.amount(field, p, must, notNegative) }
func (f *form) aTarget(field string, p *money.Money)  { f.amount(field, p, must, aboveZero) }

// ratioForm is how a ratio is spelled.
type ratioForm struct {
	kind  kind
	per   int64 // 100 for per cent
	like  string
	parse func(string) (money.Ratio, error)
}

var (
	jsonNumber    = ratioForm{isNumber, 1, "a plain decimal number like 7.5", money.ParseRatio}
	decimalString = ratioForm{isString, 1, `a plain decimal in quotes like "1.0825"`, money.ParseRatio}
	percentString = ratioForm{isString, 100, `a percentage in quotes like "87.5%"`, money.ParsePercent}
)

// ratio is an exact number, kept in lowest terms, from least to most.
func (f *form) ratio(field string, p *money.Ratio, as *ratioForm, least, most money.Ratio) {
	if f.told != nil {
		f.tell(field, must, ratioShape(as, least, most))
		return
	}
	if f.reading {
		i := f.find(field, must)
		if i == none {
			return
		}
		v := f.doc.nodes[i]
		if v.kind != as.kind {
			f.fail(BadValue, field, "must be %s, not %v", as.like, v.kind)
			return
		}
		r, err := as.parse(string(v.text[:min(len(v.text), 60)]))
		if err != nil || len(v.text) > 60 {
			f.fail(BadValue, field, "%s is not %s", show(v.text), as.like)
			return
		}
		*p = r.Lowest()
	}
	if f.err != nil {
		return
	}
	var spelled [48]byte
	text, ok := appendRatio(spelled[:0], *p, as)
	if !ok {
		f.fail(BadValue, field, "%d/%d has no exact decimal", p.Num, p.Den)
		return
	}
	if !between(*p, least, most) {
		low, _ := appendRatio(nil, least, as)
		high, _ := appendRatio(nil, most, as)
		f.fail(BadValue, field, "%s is not between %s and %s", text, low, high)
		return
	}
	f.key(field)
	if as.kind == isString {
		f.out = append(append(append(f.out, '"'), text...), '"')
	} else {
		f.out = append(f.out, text...)
	}
}

// between compares without memory: low and high are small and not negative.
func between(r, low, high money.Ratio) bool {
	if r.Num < 0 || r.Den <= 0 {
		return false
	}
	return !less(r, low) && !less(high, r)
}

func less(a, b money.Ratio) bool {
	ah, al := bits.Mul64(uint64(a.Num), uint64(b.Den))
	bh, bl := bits.Mul64(uint64(b.Num), uint64(a.Den))
	return ah < bh || ah == bh && al < bl
}

// appendRatio writes r exactly, and is false where no decimal is exact or it
// has more than 15 places.
func appendRatio(b []byte, r money.Ratio, as *ratioForm) ([]byte, bool) {
	num, den := r.Num, r.Den
	if num < 0 {
		b, num = append(b, '-'), -num
	}
	if den <= 0 || num < 0 || num > math.MaxInt64/as.per {
		return nil, false
	}
	g := gcd(den, as.per)
	num, den = num*(as.per/g), den/g
	places := 0
	for ; den > 1; places++ {
		g := gcd(den, 10)
		if g == 1 || num > math.MaxInt64/10 || places == 15 {
			return nil, false
		}
		num, den = num*(10/g), den/g
	}
	start := len(b)
	b = strconv.AppendInt(b, num, 10)
	b = point(b, start, places)
	if as.per == 100 {
		b = append(b, '%')
	}
	return b, true
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// appendMoney writes m with all of its currency's decimals, as m.Decimal does.
func appendMoney(b []byte, m money.Money) []byte {
	minor := m.Minor
	if minor < 0 {
		b, minor = append(b, '-'), -minor
	}
	start := len(b)
	return point(strconv.AppendInt(b, minor, 10), start, m.Currency.Exponent())
}

// point sets the decimal point into the digits from start on.
func point(b []byte, start, places int) []byte {
	if places == 0 {
		return b
	}
	if short := places + 1 - (len(b) - start); short > 0 {
		zeros := bytes.Repeat([]byte{'0'}, short)
		b = append(b[:start], append(zeros, b[start:]...)...)
	}
	whole := len(b) - places
	b = append(b, 0)
	copy(b[whole+1:], b[whole:])
	b[whole] = '.'
	return b
}
