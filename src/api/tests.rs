//! The built-in tables, searched and shown.

use super::{Kind, Type};
use crate::isolate::preset;

#[test]
fn the_tables_say_what_the_sdk_offers() {
    let api = preset::DEFAULT.api();
    let table = api.table("AwsS3").unwrap();
    let n_commands = table.decls().iter().filter(|it| it.kind == Kind::Command).count();
    assert_eq!(n_commands, 112);
    let input = table.get("PutObjectCommandInput").unwrap();
    let required: Vec<&str> =
        input.members().filter(|it| !it.is_optional).map(|it| it.name).collect();
    assert_eq!(required, ["Bucket", "Key"]);
    assert_eq!(input.member("StorageClass").unwrap().type_of(), Type::Name("StorageClass"));
    assert!(table.get("StorageClass").unwrap().values().contains(&"GLACIER"));
    let parts = table.get("ListPartsCommandOutput").unwrap().member("Parts").unwrap();
    assert_eq!(parts.type_of(), Type::Array(Box::new(Type::Name("Part"))));
    let retry = api.table("MyLib").unwrap().get("retry").unwrap();
    assert_eq!(retry.params().iter().map(|it| it.name).collect::<Vec<_>>(), ["task", "options"]);
}

#[track_caller]
fn check_first(query: &str, expected: &str) {
    let api = preset::DEFAULT.api();
    let ranked = api.ranked(query);
    let names: Vec<&str> = ranked.iter().take(3).map(|it| it.decl.name).collect();
    assert_eq!(names.first(), Some(&expected), "{query}: {names:?}");
}

#[test]
fn words_find_what_is_meant() {
    check_first("put object", "PutObjectCommand");
    check_first("putObject", "PutObjectCommand");
    check_first("save file", "PutObjectCommand");
    check_first("upload file", "Upload");
    check_first("list objects", "ListObjectsCommand");
    check_first("ListObjectsV2", "ListObjectsV2Command");
    check_first("presigned url", "getSignedUrl");
    check_first("delete bucket", "DeleteBucketCommand");
    check_first("remove files", "DeleteObjectCommand");
    check_first("paginate list objects", "paginateListObjectsV2");
    check_first("retry", "retry");
    check_first("slug", "slugify");
    check_first("create bucket", "CreateBucketCommand");
    check_first("copy", "CopyObjectCommand");
    check_first("read object", "GetObjectCommand");
    check_first("storage class", "StorageClass");
}

#[test]
fn an_answer_stays_within_its_budget_and_says_what_is_left_out() {
    let api = preset::DEFAULT.api();
    for n_tokens in [50, 200] {
        for text in [
            api.search("object", n_tokens),
            api.show("AwsS3.PutObjectCommand", n_tokens).unwrap(),
            api.show("AwsS3", n_tokens).unwrap(),
        ] {
            assert!(text.len() <= 4 * n_tokens + 100, "{} bytes:\n{text}", text.len());
            assert!(text.contains("more lines"), "{text}");
        }
    }
    let text = api.show("AwsS3.GetObjectTaggingCommand", 1_000).unwrap();
    assert_eq!(
        text,
        "\
// Returns the tag-set of an object
new AwsS3.GetObjectTaggingCommand({
  Bucket: string; // The bucket name containing the object for which to get the tagging information
  Key: string; // Object key for which to get the tagging information
  VersionId?: string; // The versionId of the object for which to get the tagging information
  ExpectedBucketOwner?: string; // The account ID of the expected bucket owner
  RequestPayer?: \"requester\"; // Confirms that the requester knows that they will be charged for the request
})
// await client.send(…) gives {
  TagSet: Tag[]; // Contains the tag set
  $metadata: ResponseMetadata; // Metadata pertaining to this request
  VersionId?: string; // The versionId of the object for which you got the tagging information
}
interface Tag {
  Key: string; // Name of the object key
  Value: string; // Value of the tag
}
"
    );
}

#[test]
fn a_name_that_is_not_there_gets_the_nearest() {
    let api = preset::DEFAULT.api();
    let error = |path| api.show(path, 100).unwrap_err();
    assert_eq!(
        error("AwsS3.GetObjetCommand"),
        "there is no `AwsS3.GetObjetCommand`; did you mean `AwsS3.GetObjectCommand`?"
    );
    assert_eq!(
        error("MyLib.slugifi"),
        "there is no `MyLib.slugifi`; did you mean `MyLib.slugify`?"
    );
    assert_eq!(
        error("AwsS3.S3Client.sendd"),
        "AwsS3.S3Client has no member `sendd`; did you mean `send`?"
    );
    assert_eq!(error("banana"), "there is no `banana`");
}
