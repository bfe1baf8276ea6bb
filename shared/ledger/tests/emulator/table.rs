//! Clients of the emulator, and a table as the template makes it.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use weir_ledger::{DynamoLedger, DynamoStock};

fn credentials() -> aws_sdk_dynamodb::config::Credentials {
    aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test")
}

/// How a client reaches the emulator.
pub(crate) fn config(endpoint: &str) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::v2026_01_12())
        .region(aws_sdk_dynamodb::config::Region::new("eu-central-1"))
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
}

pub(crate) fn dynamo(endpoint: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(config(endpoint).build())
}

pub(crate) fn sqs(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::v2026_01_12())
        .region(aws_sdk_sqs::config::Region::new("eu-central-1"))
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// A sparse index as the template makes it.
struct Index {
    name: &'static str,
    keys: [&'static str; 2],
    projection: Projection,
}

impl Index {
    fn open() -> Self {
        let attributes = ["peer", "code", "subject"].map(str::to_owned).to_vec();
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(attributes))
            .build();
        Self { name: "open", keys: ["open_pk", "open_sk"], projection }
    }

    fn stale() -> Self {
        let projection = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        Self { name: "stale", keys: ["stale_pk", "stale_sk"], projection }
    }
}

/// A table as the template makes it, under a name of this process.
pub(crate) struct Table {
    pub(crate) client: aws_sdk_dynamodb::Client,
    pub(crate) name: String,
}

impl Table {
    /// The ledger's.
    pub(crate) async fn create(endpoint: &str, name: &str) -> Self {
        Self::with(endpoint, name, Index::open()).await
    }

    /// The stock's.
    pub(crate) async fn create_stock(endpoint: &str, name: &str) -> Self {
        Self::with(endpoint, name, Index::stale()).await
    }

    async fn with(endpoint: &str, name: &str, index: Index) -> Self {
        let client = dynamo(endpoint);
        let name = format!("{name}-{}", std::process::id());
        let attribute = |name| {
            let kind = ScalarAttributeType::S;
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        let key =
            |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let [pk, sk] = index.keys;
        let index = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .key_schema(key(pk, KeyType::Hash))
            .key_schema(key(sk, KeyType::Range))
            .projection(index.projection);
        client
            .create_table()
            .table_name(&name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(["pk", "sk", pk, sk].map(attribute).to_vec()))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .global_secondary_indexes(index.build().unwrap())
            .send()
            .await
            .unwrap();
        Self { client, name }
    }

    pub(crate) fn ledger(&self) -> DynamoLedger {
        DynamoLedger::new(self.client.clone(), &self.name)
    }

    pub(crate) fn stock(&self) -> DynamoStock {
        DynamoStock::new(self.client.clone(), &self.name)
    }

    pub(crate) async fn delete(self) {
        self.client.delete_table().table_name(&self.name).send().await.unwrap();
    }
}
