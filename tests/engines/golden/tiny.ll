declare <4 x double> @llvm.fma.v4f64(<4 x double>, <4 x double>, <4 x double>)

define internal void @step0(ptr noalias %src, ptr noalias %dst, ptr noalias %run, ptr noalias %row, ptr noalias %slots, ptr noalias %cross, ptr noalias %pool, ptr noalias %rows, ptr noalias %out, i64 %k) #0 {
  %v0 = getelementptr inbounds double, ptr %src, i64 0
  %v1 = load <4 x double>, ptr %v0, align 32
  %v2 = fcmp olt <4 x double> splat (double 0x4000000000000000), %v1
  %v3 = select <4 x i1> %v2, <4 x double> splat (double 0x4000000000000000), <4 x double> %v1
  %v4 = fcmp ogt <4 x double> splat (double 0x0000000000000000), %v3
  %v5 = select <4 x i1> %v4, <4 x double> splat (double 0x0000000000000000), <4 x double> %v3
  %v6 = fcmp oge <4 x double> %v5, splat (double 0x3FF0000000000000)
  %v7 = select <4 x i1> %v6, <4 x double> splat (double 0x3FE0000000000000), <4 x double> splat (double 0x3FF0000000000000)
  %v8 = select <4 x i1> %v6, <4 x double> splat (double 0x3FF0000000000000), <4 x double> splat (double 0x0000000000000000)
  %v9 = select <4 x i1> %v6, <4 x double> splat (double 0x4000000000000000), <4 x double> splat (double 0x3FF0000000000000)
  %v10 = fcmp oge <4 x double> %v5, splat (double 0x4000000000000000)
  %v11 = select <4 x i1> %v10, <4 x double> splat (double 0x0000000000000000), <4 x double> %v7
  %v12 = select <4 x i1> %v10, <4 x double> splat (double 0x4000000000000000), <4 x double> %v8
  %v13 = select <4 x i1> %v10, <4 x double> splat (double 0x4004000000000000), <4 x double> %v9
  %v14 = fsub <4 x double> %v5, %v12
  %v15 = fmul <4 x double> %v11, %v14
  %v16 = fadd <4 x double> %v15, %v13
  %v17 = getelementptr inbounds double, ptr %run, i64 0
  %v18 = load <4 x double>, ptr %v17, align 32
  %v19 = getelementptr inbounds double, ptr %run, i64 8
  %v20 = load <4 x double>, ptr %v19, align 32
  %v21 = fmul <4 x double> %v1, %v20
  %v22 = fneg <4 x double> %v21
  %v23 = call <4 x double> @llvm.fma.v4f64(<4 x double> %v22, <4 x double> %v18, <4 x double> %v1)
  %v24 = call <4 x double> @llvm.fma.v4f64(<4 x double> %v23, <4 x double> %v20, <4 x double> %v21)
  %v25 = fcmp uno <4 x double> %v24, %v24
  %v26 = select <4 x i1> %v25, <4 x double> %v21, <4 x double> %v24
  %v27 = fmul <4 x double> %v26, %v16
  %v28 = getelementptr inbounds double, ptr %row, i64 0
  %v29 = load double, ptr %v28, align 8
  %v30 = insertelement <4 x double> poison, double %v29, i64 0
  %v31 = shufflevector <4 x double> %v30, <4 x double> poison, <4 x i32> zeroinitializer
  %v32 = fsub <4 x double> %v27, %v31
  %v33 = fcmp ogt <4 x double> splat (double 0x0000000000000000), %v32
  %v34 = select <4 x i1> %v33, <4 x double> splat (double 0x0000000000000000), <4 x double> %v32
  %v35 = fneg <4 x double> %v34
  %v36 = getelementptr inbounds double, ptr %src, i64 0
  %v37 = load <4 x double>, ptr %v36, align 32
  %v38 = fmul <4 x double> splat (double 0x3FB0000000000000), %v35
  %v39 = fadd <4 x double> %v37, %v38
  %v40 = getelementptr inbounds double, ptr %dst, i64 0
  store <4 x double> %v39, ptr %v40, align 32
  ret void
}

define internal void @initial0(ptr noalias %src, ptr noalias %dst, ptr noalias %run, ptr noalias %row, ptr noalias %slots, ptr noalias %cross, ptr noalias %pool, ptr noalias %rows, ptr noalias %out, i64 %k) #0 {
  %v0 = getelementptr inbounds double, ptr %run, i64 4
  %v1 = load <4 x double>, ptr %v0, align 32
  %v2 = getelementptr inbounds double, ptr %dst, i64 0
  store <4 x double> %v1, ptr %v2, align 32
  ret void
}

define internal void @save0(ptr noalias %src, ptr noalias %dst, ptr noalias %run, ptr noalias %row, ptr noalias %slots, ptr noalias %cross, ptr noalias %pool, ptr noalias %rows, ptr noalias %out, i64 %k) #0 {
  %v0 = getelementptr inbounds double, ptr %src, i64 0
  %v1 = load <4 x double>, ptr %v0, align 32
  %v2 = fcmp olt <4 x double> splat (double 0x4000000000000000), %v1
  %v3 = select <4 x i1> %v2, <4 x double> splat (double 0x4000000000000000), <4 x double> %v1
  %v4 = fcmp ogt <4 x double> splat (double 0x0000000000000000), %v3
  %v5 = select <4 x i1> %v4, <4 x double> splat (double 0x0000000000000000), <4 x double> %v3
  %v6 = fcmp oge <4 x double> %v5, splat (double 0x3FF0000000000000)
  %v7 = select <4 x i1> %v6, <4 x double> splat (double 0x3FE0000000000000), <4 x double> splat (double 0x3FF0000000000000)
  %v8 = select <4 x i1> %v6, <4 x double> splat (double 0x3FF0000000000000), <4 x double> splat (double 0x0000000000000000)
  %v9 = select <4 x i1> %v6, <4 x double> splat (double 0x4000000000000000), <4 x double> splat (double 0x3FF0000000000000)
  %v10 = fcmp oge <4 x double> %v5, splat (double 0x4000000000000000)
  %v11 = select <4 x i1> %v10, <4 x double> splat (double 0x0000000000000000), <4 x double> %v7
  %v12 = select <4 x i1> %v10, <4 x double> splat (double 0x4000000000000000), <4 x double> %v8
  %v13 = select <4 x i1> %v10, <4 x double> splat (double 0x4004000000000000), <4 x double> %v9
  %v14 = fsub <4 x double> %v5, %v12
  %v15 = fmul <4 x double> %v11, %v14
  %v16 = fadd <4 x double> %v15, %v13
  %v17 = getelementptr inbounds double, ptr %run, i64 0
  %v18 = load <4 x double>, ptr %v17, align 32
  %v19 = getelementptr inbounds double, ptr %run, i64 8
  %v20 = load <4 x double>, ptr %v19, align 32
  %v21 = fmul <4 x double> %v1, %v20
  %v22 = fneg <4 x double> %v21
  %v23 = call <4 x double> @llvm.fma.v4f64(<4 x double> %v22, <4 x double> %v18, <4 x double> %v1)
  %v24 = call <4 x double> @llvm.fma.v4f64(<4 x double> %v23, <4 x double> %v20, <4 x double> %v21)
  %v25 = fcmp uno <4 x double> %v24, %v24
  %v26 = select <4 x i1> %v25, <4 x double> %v21, <4 x double> %v24
  %v27 = fmul <4 x double> %v26, %v16
  %v28 = getelementptr inbounds double, ptr %out, i64 0
  store <4 x double> %v27, ptr %v28, align 32
  %v29 = getelementptr inbounds double, ptr %row, i64 0
  %v30 = load double, ptr %v29, align 8
  %v31 = insertelement <4 x double> poison, double %v30, i64 0
  %v32 = shufflevector <4 x double> %v31, <4 x double> poison, <4 x i32> zeroinitializer
  %v33 = fsub <4 x double> %v27, %v32
  %v34 = fcmp ogt <4 x double> splat (double 0x0000000000000000), %v33
  %v35 = select <4 x i1> %v34, <4 x double> splat (double 0x0000000000000000), <4 x double> %v33
  %v36 = fneg <4 x double> %v35
  %v37 = getelementptr inbounds double, ptr %src, i64 0
  %v38 = load <4 x double>, ptr %v37, align 32
  %v39 = fmul <4 x double> splat (double 0x3FB0000000000000), %v36
  %v40 = fadd <4 x double> %v38, %v39
  %v41 = getelementptr inbounds double, ptr %dst, i64 0
  store <4 x double> %v40, ptr %v41, align 32
  ret void
}

define internal void @prologue0(ptr noalias %src, ptr noalias %dst, ptr noalias %run, ptr noalias %row, ptr noalias %slots, ptr noalias %cross, ptr noalias %pool, ptr noalias %rows, ptr noalias %out, i64 %k) #0 {
  %v0 = getelementptr inbounds double, ptr %slots, i64 0
  %v1 = load <4 x double>, ptr %v0, align 32
  %v2 = getelementptr inbounds double, ptr %dst, i64 0
  store <4 x double> %v1, ptr %v2, align 32
  %v3 = fdiv <4 x double> splat (double 0x3FF0000000000000), %v1
  %v4 = getelementptr inbounds double, ptr %dst, i64 8
  store <4 x double> %v3, ptr %v4, align 32
  %v5 = getelementptr inbounds double, ptr %slots, i64 4
  %v6 = load <4 x double>, ptr %v5, align 32
  %v7 = getelementptr inbounds double, ptr %dst, i64 4
  store <4 x double> %v6, ptr %v7, align 32
  ret void
}

attributes #0 = { nounwind "min-legal-vector-width"="256" "prefer-vector-width"="256" }
