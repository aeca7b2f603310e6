"""Results as DICOM: structured report, secondary capture and encapsulated PDF, in the patient's own study."""
