// Values of a page into an Arrow builder: in bulk where the memory is the same, one by one where values are looked up in
// a dictionary or converted.

package parquetio

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/float16"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
)

// pageValues are the values of a page, without its nulls: direct, or as indices into a dictionary's values.
type pageValues struct {
	data  encoding.Values
	index []int32 // nil: direct
	kind  parquet.Kind
}

func newPageValues(p parquet.Page) pageValues {
	data := p.Data()
	if dictionary := p.Dictionary(); dictionary != nil {
		return pageValues{data: dictionary.Page().Data(), index: data.Int32(), kind: dictionary.Type().Kind()}
	}
	return pageValues{data: data, kind: p.Type().Kind()}
}

// appender returns a function that appends values [from, to) of the page to b.
func appender(b array.Builder, v pageValues) (func(from, to int), error) {
	switch b := b.(type) {
	case *array.Int32Builder:
		return same(v.data.Int32(), v.index, b.AppendValues, b.Append), nil
	case *array.Int64Builder:
		return same(v.data.Int64(), v.index, b.AppendValues, b.Append), nil
	case *array.Float32Builder:
		return same(v.data.Float(), v.index, b.AppendValues, b.Append), nil
	case *array.Float64Builder:
		return same(v.data.Double(), v.index, b.AppendValues, b.Append), nil
	case *array.Uint32Builder:
		return same(cast[uint32](v.data.Int32()), v.index, b.AppendValues, b.Append), nil
	case *array.Uint64Builder:
		return same(cast[uint64](v.data.Int64()), v.index, b.AppendValues, b.Append), nil
	case *array.Date32Builder:
		return same(cast[arrow.Date32](v.data.Int32()), v.index, b.AppendValues, b.Append), nil
	case *array.Time32Builder:
		return same(cast[arrow.Time32](v.data.Int32()), v.index, b.AppendValues, b.Append), nil
	case *array.Time64Builder:
		return same(cast[arrow.Time64](v.data.Int64()), v.index, b.AppendValues, b.Append), nil
	case *array.TimestampBuilder:
		if v.kind == parquet.Int96 {
			return each(v.data.Int96(), v.index, func(t deprecated.Int96) { b.Append(fromInt96(t)) }), nil
		}
		return same(cast[arrow.Timestamp](v.data.Int64()), v.index, b.AppendValues, b.Append), nil
	case *array.Int8Builder:
		return each(v.data.Int32(), v.index, func(x int32) { b.Append(int8(x)) }), nil
	case *array.Int16Builder:
		return each(v.data.Int32(), v.index, func(x int32) { b.Append(int16(x)) }), nil
	case *array.Uint8Builder:
		return each(v.data.Int32(), v.index, func(x int32) { b.Append(uint8(x)) }), nil
	case *array.Uint16Builder:
		return each(v.data.Int32(), v.index, func(x int32) { b.Append(uint16(x)) }), nil
	case *array.BooleanBuilder:
		bits := v.data.Boolean()
		return indexed(v.index, func(i int) { b.Append(bits[i/8]>>(i%8)&1 == 1) }), nil
	case *array.Decimal128Builder:
		return decimals(b, v)
	}
	return bytesAppender(b, v)
}

// bytesAppender is appender for values that are byte strings.
func bytesAppender(b array.Builder, v pageValues) (func(from, to int), error) {
	value := byteValues(v)
	switch b := b.(type) {
	case *array.StringBuilder:
		return indexed(v.index, func(i int) { b.BinaryBuilder.Append(value(i)) }), nil
	case *array.BinaryBuilder:
		return indexed(v.index, func(i int) { b.Append(value(i)) }), nil
	case *array.FixedSizeBinaryBuilder:
		return indexed(v.index, func(i int) { b.Append(value(i)) }), nil
	case *array.Float16Builder:
		return indexed(v.index, func(i int) { b.Append(float16.FromBits(binary.LittleEndian.Uint16(value(i)))) }), nil
	}
	return nil, fmt.Errorf("%w: type %s", ErrUnsupported, b.Type())
}

// byteValues returns a function that gives value i of a page of byte strings.
func byteValues(v pageValues) func(i int) []byte {
	if v.kind == parquet.FixedLenByteArray {
		data, size := v.data.FixedLenByteArray()
		return func(i int) []byte { return data[i*size : (i+1)*size] }
	}
	data, offsets := v.data.ByteArray()
	return func(i int) []byte { return data[offsets[i]:offsets[i+1]] }
}

// same appends values whose memory is already Arrow's.
func same[T any](values []T, index []int32, all func([]T, []bool), one func(T)) func(from, to int) {
	if index == nil {
		return func(from, to int) { all(values[from:to], nil) }
	}
	return each(values, index, one)
}

// each appends values one by one, looked up where there is an index.
func each[T any](values []T, index []int32, one func(T)) func(from, to int) {
	return indexed(index, func(i int) { one(values[i]) })
}

func indexed(index []int32, one func(i int)) func(from, to int) {
	if index == nil {
		return func(from, to int) {
			for i := from; i < to; i++ {
				one(i)
			}
		}
	}
	return func(from, to int) {
		for _, i := range index[from:to] {
			one(int(i))
		}
	}
}

// cast views numbers as others of the same size.
func cast[To, From any](x []From) []To {
	return unsafe.Slice((*To)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// decimals appends decimals, which Parquet keeps in 32 or 64 bits, or as big-endian bytes.
func decimals(b *array.Decimal128Builder, v pageValues) (func(from, to int), error) {
	switch v.kind {
	case parquet.Int32:
		return each(v.data.Int32(), v.index, func(x int32) { b.Append(decimal128.FromI64(int64(x))) }), nil
	case parquet.Int64:
		return each(v.data.Int64(), v.index, func(x int64) { b.Append(decimal128.FromI64(x)) }), nil
	}
	value := byteValues(v)
	return indexed(v.index, func(i int) { b.Append(fromBigEndian(value(i))) }), nil
}

// fromBigEndian reads a two's complement number of up to 16 bytes.
func fromBigEndian(x []byte) decimal128.Num {
	n := new(big.Int).SetBytes(x)
	if len(x) > 0 && x[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(x))))
	}
	return decimal128.FromBigInt(n)
}

// fromInt96 reads the timestamp of old Impala and Spark files: nanoseconds of the day, then the Julian day.
func fromInt96(x deprecated.Int96) arrow.Timestamp {
	const julianDayOf1970, day = 2_440_588, 86_400_000_000_000
	nanoseconds := int64(x[0]) | int64(x[1])<<32
	return arrow.Timestamp((int64(x[2])-julianDayOf1970)*day + nanoseconds)
}
