//! `s3s-fs` with what it lacks: tags, versioning's switch, and conditional GETs.

use std::collections::HashMap;

use parking_lot::Mutex;
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        BucketVersioningStatus, DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput,
        DeleteObjectTaggingOutput, ETagCondition, GetBucketVersioningInput,
        GetBucketVersioningOutput, GetObjectInput, GetObjectOutput, GetObjectTaggingInput,
        GetObjectTaggingOutput, HeadObjectInput, HeadObjectOutput, PutBucketVersioningInput,
        PutBucketVersioningOutput, PutObjectInput, PutObjectOutput, PutObjectTaggingInput,
        PutObjectTaggingOutput, Tag,
    },
    s3_error,
};
use s3s_fs::FileSystem;

/// Only what the tests use is passed on.
pub(super) struct Extended {
    files: FileSystem,
    tags: Mutex<HashMap<String, Vec<Tag>>>,
    versioning: Mutex<Option<BucketVersioningStatus>>,
}

impl Extended {
    pub(super) fn new(files: FileSystem) -> Extended {
        Extended { files, tags: Mutex::default(), versioning: Mutex::default() }
    }
}

#[async_trait::async_trait]
impl S3 for Extended {
    async fn put_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        self.files.put_object(req).await
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(req).await
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.files.delete_object(req).await
    }

    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let (wanted, unwanted) = (req.input.if_match.clone(), req.input.if_none_match.clone());
        let response = self.files.get_object(req).await?;
        let is = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(it) => response.output.e_tag.as_ref() == Some(it),
        };
        if unwanted.is_some_and(|it| is(&it)) {
            return Err(s3_error!(NotModified));
        }
        if wanted.is_some_and(|it| !is(&it)) {
            return Err(s3_error!(PreconditionFailed));
        }
        Ok(response)
    }

    async fn put_object_tagging(
        &self,
        req: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        self.tags.lock().insert(req.input.key, req.input.tagging.tag_set);
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let tag_set = self.tags.lock().get(&req.input.key).cloned().unwrap_or_default();
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id: None }))
    }

    async fn delete_object_tagging(
        &self,
        req: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        self.tags.lock().remove(&req.input.key);
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }

    async fn put_bucket_versioning(
        &self,
        req: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        *self.versioning.lock() = req.input.versioning_configuration.status;
        Ok(S3Response::new(PutBucketVersioningOutput::default()))
    }

    async fn get_bucket_versioning(
        &self,
        _req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let status = self.versioning.lock().clone();
        Ok(S3Response::new(GetBucketVersioningOutput { status, mfa_delete: None }))
    }
}
