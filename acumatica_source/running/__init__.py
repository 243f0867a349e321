"""Running a pipeline: one that resumes nothing, and in which a resource that fails fails alone."""
