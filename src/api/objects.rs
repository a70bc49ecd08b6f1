//! Deserializes JSON from outside, and accepts only objects for structs. Serde also accepts an array with the fields
//! in declaration order; such input is a mistake, and its meaning would change with each new field.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

/// Deserializes a value. Fails if it does not match, or has an array in place of an object.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(ObjectsOnly(value))
}

/// A deserializer that accepts only objects for structs.
struct ObjectsOnly(Value);

/// Formats what a visitor expects.
struct Expecting<'v, V>(&'v V);

impl<'de, V: Visitor<'de>> std::fmt::Display for Expecting<'_, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(f)
    }
}

fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(is) => Unexpected::Bool(*is),
        Value::Number(_) => Unexpected::Other("number"),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

fn type_error(value: &Value, expected: &dyn Expected) -> Error {
    Error::invalid_type(unexpected(value), expected)
}

fn array<'de, V: Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value, Error> {
    let mut items = SeqDeserializer::new(items.into_iter().map(ObjectsOnly));
    let read = visitor.visit_seq(&mut items)?;
    items.end()?;
    Ok(read)
}

fn object<'de, V: Visitor<'de>>(fields: Map<String, Value>, visitor: V) -> Result<V::Value, Error> {
    let mut fields = MapDeserializer::new(fields.into_iter().map(|(name, value)| (name, ObjectsOnly(value))));
    let read = visitor.visit_map(&mut fields)?;
    fields.end()?;
    Ok(read)
}

impl IntoDeserializer<'_, Error> for ObjectsOnly {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for ObjectsOnly {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            // An internally tagged enum accepts any value, and would take its tag from the array's first element.
            Value::Array(items) if Expecting(&visitor).to_string().contains("tagged enum") => {
                Err(type_error(&Value::Array(items), &"a JSON object"))
            }
            Value::Array(items) => array(items, visitor),
            Value::Object(fields) => object(fields, visitor),
            scalar => scalar.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) => object(fields, visitor),
            other => Err(type_error(&other, &"a JSON object")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, value) = match self.0 {
            Value::String(name) => (name, None),
            Value::Object(fields) if fields.len() == 1 => match fields.into_iter().next() {
                Some((name, value)) => (name, Some(Self(value))),
                None => return Err(Error::custom("a variant has a name")),
            },
            other => return Err(type_error(&other, &"a name, or an object with one")),
        };
        visitor.visit_enum(Variant { name, value })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// A variant of an enum with its content.
struct Variant {
    name: String,
    value: Option<ObjectsOnly>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = std::mem::take(&mut self.name);
        let deserializer: serde::de::value::StringDeserializer<Error> = name.into_deserializer();
        Ok((seed.deserialize(deserializer)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value {
            None | Some(ObjectsOnly(Value::Null)) => Ok(()),
            Some(ObjectsOnly(other)) => Err(type_error(&other, &"nothing beside the name")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.value.unwrap_or(ObjectsOnly(Value::Null)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Some(ObjectsOnly(Value::Array(items))) => array(items, visitor),
            Some(ObjectsOnly(other)) => Err(type_error(&other, &"a list")),
            None => Err(type_error(&Value::Null, &"a list")),
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.value.unwrap_or(ObjectsOnly(Value::Null)).deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u32,
        #[serde(default)]
        y: Option<i64>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Nothing,
        Circle { at: Point },
        Line(Point, Point),
        Many(Vec<Point>),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "is", rename_all = "snake_case")]
    enum Tagged {
        Named { name: String },
    }

    #[test]
    fn valid_values_are_read() {
        assert_eq!(read::<Point>(json!({ "x": 1, "y": -2 })).expect("read"), Point { x: 1, y: Some(-2) });
        assert_eq!(read::<Shape>(json!("nothing")).expect("read"), Shape::Nothing);
        let at = || Point { x: 1, y: None };
        assert_eq!(read::<Shape>(json!({ "circle": { "at": { "x": 1 } } })).expect("read"), Shape::Circle { at: at() });
        assert_eq!(read::<Shape>(json!({ "line": [{ "x": 1 }, { "x": 1 }] })).expect("read"), Shape::Line(at(), at()));
        assert_eq!(read::<Shape>(json!({ "many": [{ "x": 1 }] })).expect("read"), Shape::Many(vec![at()]));
        let tagged = read::<Tagged>(json!({ "is": "named", "name": "a" })).expect("read");
        assert_eq!(tagged, Tagged::Named { name: "a".into() });
        let map = read::<BTreeMap<String, (u32, f64)>>(json!({ "a": [1, 2.5] })).expect("read");
        assert_eq!(map["a"], (1, 2.5));
        assert!(read::<Vec<u8>>(json!([1, 256])).is_err());
    }

    #[test]
    fn an_array_is_refused_in_place_of_an_object() {
        assert!(read::<Point>(json!([1, 2])).is_err());
        assert!(read::<Option<Point>>(json!([1, 2])).is_err());
        assert!(read::<Vec<Point>>(json!([[1, 2]])).is_err());
        assert!(read::<Shape>(json!({ "circle": [{ "x": 1 }] })).is_err());
        assert!(read::<Shape>(json!({ "circle": { "at": [1] } })).is_err());
        assert!(read::<Shape>(json!({ "line": [[1], { "x": 1 }] })).is_err());
        assert!(read::<Tagged>(json!(["named", "a"])).is_err());
        let message = read::<Point>(json!([1])).expect_err("refused").to_string();
        assert!(message.contains("expected a JSON object"), "{message}");
    }
}
